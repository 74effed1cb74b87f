// swift-tools-version: 6.2
import PackageDescription

// Laid out by Tests/Conformance/run in .interop/conformance, beside the messages that come with the runner.
let package = Package(
    name: "conformance",
    dependencies: [.package(name: "rapport", path: "../..")],
    targets: [
        .target(name: "CMessages", path: "messages", sources: ["include"], publicHeadersPath: "include"),
        .executableTarget(
            name: "testee", dependencies: ["CMessages", .product(name: "Protobuf", package: "rapport")], path: "testee"),
    ],
    swiftLanguageModes: [.v6]
)
