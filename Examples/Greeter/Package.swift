// swift-tools-version: 6.2
import PackageDescription

// A package outside the suite that speaks gRPC with its runtime.
let package = Package(
    name: "greeter",
    dependencies: [
        .package(name: "rapport", path: "../.."),
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
    ],
    targets: [
        .target(
            name: "CGreeter", dependencies: [.product(name: "Protobuf", package: "rapport")], path: "CGreeter",
            publicHeadersPath: "."),
        .executableTarget(
            name: "greeter",
            dependencies: [
                "CGreeter",
                .product(name: "HTTP", package: "rapport"),
                .product(name: "Protobuf", package: "rapport"),
                .product(name: "RPC", package: "rapport"),
                .product(name: "Standard", package: "rapport"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "Logging", package: "swift-log"),
            ], path: "Greeter"),
    ],
    swiftLanguageModes: [.v6]
)
