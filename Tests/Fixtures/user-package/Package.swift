// swift-tools-version: 6.2
import PackageDescription

// A program that uses Roost alone, as a user would write it. Scripts/check-dependencies copies it to a temporary folder,
// and says where the clone of Roost is that it fetches.
let package = Package(
    name: "user",
    dependencies: [
        .package(url: Context.environment["ROOST_CLONE"] ?? "", branch: "main")
    ],
    targets: [
        .executableTarget(name: "user", dependencies: [.product(name: "Roost", package: "Roost")])
    ],
    swiftLanguageModes: [.v6]
)
