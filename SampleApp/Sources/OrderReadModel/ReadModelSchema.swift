public import Martlet

/// Where the shop's read models are, beside Martlet's own schema in the same database.
public enum ReadModelSchema {
    public static let name: SQLIdentifier = "shop"
}
