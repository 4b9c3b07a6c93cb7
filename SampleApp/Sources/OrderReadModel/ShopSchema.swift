public import Martlet

/// The sample's own schema, beside Martlet's in the same database.
public enum ShopSchema {
    public static let name: SQLIdentifier = "shop"

    public static let migrations = [
        Migration(name: "V0001_order_summaries.sql", bytes: PackageResources.V0001_order_summaries_sql),
        Migration(name: "V0002_revenue_by_day.sql", bytes: PackageResources.V0002_revenue_by_day_sql),
    ]

    public static let migrator = Migrator(schema: name, migrations: migrations)
}
