// swift-tools-version: 6.2
import PackageDescription

// A package of its own, since every module in it is built to be watched by libFuzzer. `make fuzz` gives the flags.
let package = Package(
    name: "fuzz",
    dependencies: [
        .package(name: "rapport", path: "../.."),
        // The versions are the suite's own.
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
    ],
    targets: [
        // The gateway's sources once more: a program of another package cannot be imported.
        .target(
            name: "FuzzedGateway",
            dependencies: [
                .product(name: "HTTP", package: "rapport"),
                .product(name: "Protobuf", package: "rapport"),
                .product(name: "RPC", package: "rapport"),
                .product(name: "Schema", package: "rapport"),
                .product(name: "ServiceKit", package: "rapport"),
                .product(name: "Standard", package: "rapport"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "Logging", package: "swift-log"),
            ], path: "Gateway", exclude: ["main.swift"]),
        .executableTarget(
            name: "fuzzer",
            dependencies: [
                "FuzzedGateway",
                .product(name: "HTTP", package: "rapport"),
                .product(name: "Protobuf", package: "rapport"),
                .product(name: "RPC", package: "rapport"),
                .product(name: "Schema", package: "rapport"),
                .product(name: "Standard", package: "rapport"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
                .product(name: "Logging", package: "swift-log"),
            ], path: ".", exclude: ["Corpus", "Dictionaries", "Gateway", "Package.swift", "Replay", "fuzz"],
            sources: ["Fuzzer", "Targets"]),
    ],
    swiftLanguageModes: [.v6]
)
