// swift-tools-version: 6.2
import PackageDescription

// What is used of these is small, and linked in: to load them, and the ten more that libarchive
// needs, takes longer than a small command in a view runs. In the order in which they need each
// other.
let staticLibraries = [
    "archive", "lzma", "bz2", "z", "lz4", "zstd", "nettle", "crypto",
].map { LinkerSetting.linkedLibrary(":lib\($0).a") }

// What a program takes to start counts where it is run for each command: half of it is to find the
// addresses of a library in C++, which is linked in, too, and those of its own. Swift's runtime goes
// through all names that the program exports, 8,000 unless it is told not to.
let quickStart: [LinkerSetting] = [
    .unsafeFlags(
        ["-use-ld=lld", "-L\(Context.packageDirectory)/Sources/link"]
            + ["-Xlinker", "--version-script=\(Context.packageDirectory)/Sources/link/exports"]
            + ["-Xclang-linker", "-static-libgcc"],
        .when(configuration: .release)
    )
]

// A target imports only targets of a lower rank; README lists the ranks.
let package = Package(
    name: "pak",
    products: [
        .executable(name: "pak", targets: ["pak"]),
        .executable(name: "pakfs", targets: ["pakfs"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-system", exact: "1.8.1"),
    ],
    targets: [
        // C: one header of ours each.
        .target(name: "CLinux"),
        .target(name: "CBackground"),
        .systemLibrary(name: "CLibArchive", providers: [.apt(["libarchive-dev"])]),
        .systemLibrary(name: "CZstd", providers: [.apt(["libzstd-dev"])]),
        .systemLibrary(name: "CCrypto", providers: [.apt(["libssl-dev"])]),

        // Rank 0.
        .target(
            name: "FileTree",
            dependencies: ["CLinux", .product(name: "SystemPackage", package: "swift-system")]
        ),
        // Rank 1.
        .target(name: "NineP", dependencies: ["FileTree"]),
        .target(
            name: "Archive",
            dependencies: ["FileTree", "CLinux", "CLibArchive", "CZstd", "CCrypto"],
            linkerSettings: staticLibraries
        ),
        .target(name: "Namespaces", dependencies: ["FileTree", "CLinux"]),
        .target(
            name: "Terminal",
            dependencies: [
                "FileTree", .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]
        ),
        // Rank 2.
        .target(name: "NinePServer", dependencies: ["FileTree", "NineP", "CLinux"]),
        .target(name: "NinePClient", dependencies: ["FileTree", "NineP", "CLinux"]),
        .target(name: "CaptureTree", dependencies: ["FileTree", "Archive", "CLinux"]),
        .target(name: "UnionTree", dependencies: ["FileTree", "Archive"]),
        .target(name: "Store", dependencies: ["FileTree", "Archive"]),
        .target(name: "FUSEServer", dependencies: ["FileTree", "CLinux"]),
        // Rank 3.
        .target(
            name: "Environments",
            dependencies: [
                "FileTree", "Archive", "NinePClient", "UnionTree", "CaptureTree", "Store",
                "Terminal",
                .product(name: "SystemPackage", package: "swift-system"),
            ]
        ),
        // Rank 5.
        .executableTarget(
            name: "pak",
            dependencies: [
                "FileTree", "NineP", "NinePClient", "NinePServer", "FUSEServer", "Namespaces",
                "Archive", "UnionTree", "CaptureTree", "CLinux", "CBackground", "Environments",
                "Store", "Terminal",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            exclude: ["pak.1", "pak.format.6", "pak.json.6", "pak.layer.6"],
            linkerSettings: quickStart + [
                .unsafeFlags(["-Xclang-linker", "-no-pie"], .when(configuration: .release))
            ]
        ),
        .executableTarget(
            name: "pakfs",
            dependencies: [
                "FileTree", "NinePServer", "NinePClient", "Archive", "UnionTree", "CaptureTree",
                "CLinux", "Environments", "Store", "Terminal",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ],
            exclude: ["pakfs.4"]
        ),

        // Tests: one target a source target.
        .target(name: "CAllocations", path: "Tests/CAllocations"),
        .target(name: "HostFaults", dependencies: ["FileTree"], path: "Tests/HostFaults"),
        .target(name: "ScratchFolder", dependencies: ["FileTree"], path: "Tests/ScratchFolder"),
        .target(name: "CSteps", path: "Tests/CSteps"),
        .target(name: "Watched", path: "Tests/Watched"),
        .target(
            name: "TreeConformance",
            dependencies: ["CLinux", "FileTree"],
            path: "Tests/TreeConformance"
        ),
        .target(
            name: "Differential",
            dependencies: ["FileTree", "CLinux", "TreeConformance"],
            path: "Tests/Differential"
        ),
        .executableTarget(
            name: "treecheck",
            dependencies: [
                "Archive", "CLinux", "CaptureTree", "FileTree", "FUSEServer", "NinePClient",
                "NinePServer", "TreeConformance",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            path: "Tests/TreeCheck"
        ),
        .executableTarget(
            name: "viewcheck",
            dependencies: ["FileTree", "Namespaces"],
            path: "Tests/ViewCheck"
        ),
        // Runs the built programs: they are named so that they are built.
        .testTarget(
            name: "CommandTests",
            dependencies: [
                "pak", "pakfs", "treecheck", "viewcheck", "Archive", "CSteps", "CaptureTree",
                "Environments", "FileTree", "NineP", "NinePClient", "ScratchFolder", "Store",
                "Watched",
            ]
        ),
        .testTarget(
            name: "FileTreeTests",
            dependencies: [
                "CLinux", "FileTree", "ScratchFolder", "TreeConformance",
                .product(name: "SystemPackage", package: "swift-system"),
            ]
        ),
        .executableTarget(
            name: "pakbench",
            dependencies: [
                "FileTree", "NineP", "NinePClient", "Archive", "CaptureTree", "UnionTree",
                "CLinux",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Tests/Benchmarks"
        ),
        .testTarget(
            name: "StoreTests",
            dependencies: ["Archive", "FileTree", "HostFaults", "ScratchFolder", "Store"]
        ),
        .testTarget(name: "NinePTests", dependencies: ["FileTree", "NineP"]),
        .testTarget(
            name: "NinePClientTests",
            dependencies: [
                "CaptureTree", "FileTree", "NineP", "NinePClient", "NinePServer", "ScratchFolder",
                "TreeConformance",
            ]
        ),
        .testTarget(
            name: "NinePServerTests",
            dependencies: [
                "FileTree", "NineP", "NinePServer", "ScratchFolder", "TreeConformance",
                "CAllocations",
                .product(name: "SystemPackage", package: "swift-system"),
            ]
        ),
        .testTarget(
            name: "FUSEServerTests",
            dependencies: [
                "Archive", "CAllocations", "CLinux", "CaptureTree", "Differential", "Environments",
                "FileTree", "FUSEServer", "TreeConformance", "UnionTree",
                .product(name: "SystemPackage", package: "swift-system"),
            ]
        ),
        .testTarget(
            name: "NamespacesTests",
            dependencies: ["FileTree", "FUSEServer", "Namespaces", "CLinux", "ScratchFolder"]
        ),
        .testTarget(name: "TerminalTests", dependencies: ["Terminal", "FileTree"]),
        .testTarget(
            name: "CaptureTreeTests",
            dependencies: [
                "FileTree", "Archive", "CaptureTree", "TreeConformance", "UnionTree",
                "NinePClient", "NinePServer", "CLinux", "Differential", "HostFaults",
                "ScratchFolder", "Watched",
                .product(name: "SystemPackage", package: "swift-system"),
            ]
        ),
        .testTarget(
            name: "UnionTreeTests",
            dependencies: [
                "FileTree", "Archive", "Differential", "ScratchFolder", "UnionTree",
                "TreeConformance", "CAllocations", "Watched",
                .product(name: "SystemPackage", package: "swift-system"),
            ]
        ),
        .testTarget(
            name: "pakfsTests",
            dependencies: [
                "pakfs", "Environments", "FileTree", "Terminal", "UnionTree", "TreeConformance",
            ]
        ),
        .testTarget(
            name: "EnvironmentsTests",
            dependencies: [
                "Archive", "CAllocations", "CaptureTree", "Environments", "FileTree", "HostFaults",
                "ScratchFolder", "Store", "Terminal", "UnionTree", "Watched",
            ]
        ),
        .testTarget(
            name: "ArchiveTests",
            dependencies: [
                "FileTree", "Archive", "CLinux", "CAllocations", "ScratchFolder", "Watched",
            ]
        ),
    ]
)

// Fuzz targets need libFuzzer's main, and so are there only for Tests/Fuzz/run.
let fuzzTargets: [(name: String, dependencies: [Target.Dependency])] = [
    ("Decoder", ["FileTree", "NineP"]),
    ("FUSE", ["FileTree", "FUSEServer"]),
    ("Index", ["FileTree", "Archive"]),
    ("Log", ["FileTree", "CaptureTree"]),
    ("Tar", ["FileTree", "Archive"]),
    ("Session", ["CLinux", "FileTree", "NineP", "NinePServer"]),
]
if Context.environment["PAK_FUZZ"] != nil {
    package.targets.append(.target(name: "FuzzDriver", path: "Tests/FuzzDriver"))
    for (name, dependencies) in fuzzTargets {
        package.targets.append(
            .executableTarget(
                name: "Fuzz\(name)",
                dependencies: dependencies + ["FuzzDriver"],
                path: "Tests/Fuzz/\(name)",
                swiftSettings: [.unsafeFlags(["-parse-as-library"])],
                linkerSettings: [.unsafeFlags(["-sanitize=fuzzer,address", "-use-ld=lld"])]
            )
        )
        package.products.append(
            .executable(name: "fuzz-\(name.lowercased())", targets: ["Fuzz\(name)"])
        )
    }
}

for target in package.targets
where [.executable, .test, .regular].contains(target.type) && target.name != "CLinux" {
    var settings = target.swiftSettings ?? []
    settings.append(.enableUpcomingFeature("ExistentialAny"))
    settings.append(.enableUpcomingFeature("MemberImportVisibility"))
    settings.append(.enableUpcomingFeature("InternalImportsByDefault"))
    settings.append(.enableUpcomingFeature("NonisolatedNonsendingByDefault"))
    // A type such as Dictionary<Name, Entry> is made when it is first used. By its name, as is
    // usual, it takes a search of all conformances of the program, each of which is another page
    // of it; by what is known here it does not. Half of what a start executes was that.
    settings.append(
        .unsafeFlags(
            ["-Xfrontend", "-disable-concrete-type-metadata-mangled-name-accessors"],
            .when(configuration: .release)
        )
    )
    target.swiftSettings = settings
}
