// swift-tools-version: 6.2
import PackageDescription

// A package of its own, so that neither `make test` nor who builds the suite builds the benchmarks.
let package = Package(
    name: "benchmarks",
    dependencies: [
        .package(name: "rapport", path: ".."),
        // The versions are the suite's own.
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
    ],
    targets: [
        .target(
            name: "CPeers", dependencies: [.product(name: "Protobuf", package: "rapport")], path: "Peers/CPeers",
            publicHeadersPath: "."),
        .executableTarget(
            name: "rapport-peer",
            dependencies: [
                "CPeers",
                .product(name: "HTTP", package: "rapport"),
                .product(name: "Protobuf", package: "rapport"),
                .product(name: "RPC", package: "rapport"),
                .product(name: "Standard", package: "rapport"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ], path: "Peers/rapport"),
        .executableTarget(
            name: "suite-bench",
            dependencies: [
                .product(name: "HTTP", package: "rapport"),
                .product(name: "RPC", package: "rapport"),
                .product(name: "Schema", package: "rapport"),
                .product(name: "ServiceKit", package: "rapport"),
                .product(name: "Standard", package: "rapport"),
                .product(name: "Storage", package: "rapport"),
                .product(name: "TrustModel", package: "rapport"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ], path: "suite-bench"),
    ],
    swiftLanguageModes: [.v6]
)
