// swift-tools-version: 6.1
import PackageDescription

let package = Package(
    name: "martlet-benchmarks",
    dependencies: [.package(name: "martlet", path: "..")],
    targets: [
        .executableTarget(
            name: "martlet-bench",
            dependencies: [
                .product(name: "Martlet", package: "martlet"),
                .product(name: "MartletCLI", package: "martlet"),
                .product(name: "MartletJSON", package: "martlet"),
                .product(name: "MartletTesting", package: "martlet"),
            ])
    ],
    swiftLanguageModes: [.v6]
)
