// swift-tools-version: 6.1
import PackageDescription

let package = Package(
    name: "order-service",
    products: [
        .executable(name: "notification-service", targets: ["notification-service"]),
        .executable(name: "order-service", targets: ["order-service"]),
        .executable(name: "projection-rebuild", targets: ["projection-rebuild"]),
    ],
    dependencies: [.package(name: "martlet", path: "..", traits: ["HTTP"])],
    targets: [
        .target(name: "OrderDomain", dependencies: [.product(name: "Martlet", package: "martlet")]),
        .target(
            name: "OrderReadModel",
            dependencies: ["OrderDomain", .product(name: "Martlet", package: "martlet")]),
        .target(name: "OrderProviders", dependencies: [.product(name: "Martlet", package: "martlet")]),
        .target(
            name: "OrderFulfilment",
            dependencies: ["OrderDomain", "OrderProviders", .product(name: "Martlet", package: "martlet")]),
        .target(
            name: "OrderPublication",
            dependencies: ["OrderDomain", .product(name: "Martlet", package: "martlet")]),
        .target(
            name: "OrderService",
            dependencies: [
                "OrderDomain", "OrderFulfilment", "OrderProviders", "OrderPublication", "OrderReadModel",
                .product(name: "Martlet", package: "martlet"),
                .product(name: "MartletCLI", package: "martlet"),
                .product(name: "MartletHTTP", package: "martlet"),
            ]),
        .executableTarget(
            name: "order-service",
            dependencies: ["OrderService", .product(name: "MartletCLI", package: "martlet")]),
        .executableTarget(
            name: "projection-rebuild",
            dependencies: ["OrderService", .product(name: "MartletCLI", package: "martlet")]),

        // Another service: it knows the topic, and nothing of the modules above.
        .target(
            name: "NotificationService",
            dependencies: [
                .product(name: "Martlet", package: "martlet"),
                .product(name: "MartletCLI", package: "martlet"),
                .product(name: "MartletJSON", package: "martlet"),
            ]),
        .executableTarget(
            name: "notification-service",
            dependencies: [
                "NotificationService",
                .product(name: "Martlet", package: "martlet"),
                .product(name: "MartletCLI", package: "martlet"),
            ]),

        .testTarget(
            name: "OrderDomainTests",
            dependencies: [
                "OrderDomain",
                .product(name: "Martlet", package: "martlet"),
                .product(name: "MartletTesting", package: "martlet"),
            ],
            exclude: ["Golden"]),
        .testTarget(
            name: "OrderProvidersTests",
            dependencies: [
                "OrderDomain", "OrderProviders",
                .product(name: "Martlet", package: "martlet"),
                .product(name: "MartletTesting", package: "martlet"),
            ]),
        .testTarget(
            name: "OrderFulfilmentTests",
            dependencies: [
                "OrderDomain", "OrderFulfilment", "OrderProviders",
                .product(name: "Martlet", package: "martlet"),
                .product(name: "MartletTesting", package: "martlet"),
            ]),
        .testTarget(
            name: "NotificationServiceTests",
            dependencies: [
                "NotificationService", "OrderDomain", "OrderPublication", "OrderService", "notification-service",
                .product(name: "Martlet", package: "martlet"),
                .product(name: "MartletCLI", package: "martlet"),
                .product(name: "MartletTesting", package: "martlet"),
            ]),
        .testTarget(
            name: "OrderServiceTests",
            dependencies: [
                "OrderDomain", "OrderFulfilment", "OrderProviders", "OrderReadModel", "OrderService", "order-service",
                "projection-rebuild",
                .product(name: "Martlet", package: "martlet"),
                .product(name: "MartletCLI", package: "martlet"),
                .product(name: "MartletHTTP", package: "martlet"),
                .product(name: "MartletTesting", package: "martlet"),
            ]),
    ],
    swiftLanguageModes: [.v6]
)
