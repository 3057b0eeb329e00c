import Glibc
import Testing
import Watched

/// Someone who runs pak: this process's user, or, when that is root, a user without rights.
///
/// Many machines keep /dev/fuse for root. The suite as root gives its user without rights a copy
/// of the device that is anybody's, in mounts of its own; and none, to see what then happens.
enum Visitor: String, CaseIterable, CustomTestStringConvertible {
    /// Whoever runs the tests.
    case own
    /// A user without rights who may open /dev/fuse.
    case nobody
    /// A user without rights for whom /dev/fuse is closed.
    case nobodyWithoutFUSE

    var testDescription: String { rawValue }

    /// Those there are here; a machine that makes no namespaces has no views, whoever asks.
    static let all: [Visitor] = {
        guard canMakeNamespaces else { return [] }
        guard geteuid() == 0 else { return [.own] }
        if !nobodyCanRunPak { print("views are tried as root alone: nobody cannot run pak here") }
        guard nobodyCanRunPak else { return [.own] }
        // Root's views are those of a user with a device, but for what they ask of the kernel.
        return Watched.isOn ? [.nobody, .nobodyWithoutFUSE] : allCases
    }()

    /// Those of `all` for whom /dev/fuse is open.
    static let withFUSE = all.filter(\.hasFUSE)

    /// Why there are no tests of views; nil when there are.
    static let whyNone = canMakeNamespaces ? nil : "unshare -Urm true fails here"

    private static let canMakeNamespaces = succeeds("unshare", "-Urm", "true")
    /// Whether there may be mounts in a namespace of one's own.
    fileprivate static let mayMount = succeeds("unshare", "-m", "true")
    private static let nobodyCanRunPak = succeeds(
        "setpriv",
        "--reuid",
        "65534",
        "--regid",
        "65534",
        "--clear-groups",
        "test",
        "-x",
        Program.pak.path
    )

    private static func succeeds(_ words: String...) -> Bool {
        // What cannot be run does not succeed.
        (try? Program(path: "/usr/bin/env").run(words).status) == 0
    }

    /// Whether /dev/fuse can be opened.
    var hasFUSE: Bool {
        switch self {
        case .own: access("/dev/fuse", R_OK | W_OK) == 0
        case .nobody: access("/dev/fuse", F_OK) == 0
        case .nobodyWithoutFUSE: false
        }
    }

    /// Whether it is root.
    var isRoot: Bool { self == .own && geteuid() == 0 }

    /// A program as this visitor runs it; `scratch` is for its home and its cache, which it owns.
    ///
    /// Where it has mounts of its own, that it leaves them as they were can be checked there alone:
    /// then the status is 99 if it does not.
    func program(
        _ program: Program,
        _ scratch: Scratch,
        checksMounts: Bool = false
    ) throws -> (Program, [String]) {
        try scratch.makeDirectory("home")
        var env = Program(path: "/usr/bin/env")
        env.environment = program.environment
        env.environment["HOME"] = scratch("home")
        env.environment["XDG_CACHE_HOME"] = scratch("home/cache")
        env.environment["TMPDIR"] = scratch("home")
        guard self != .own else { return (env, [program.path]) }
        try #require(chown(scratch("home"), 65534, 65534) == 0)
        try #require(chmod(scratch.path, 0o755) == 0)
        let drop = "setpriv --reuid 65534 --regid 65534 --clear-groups \"$@\""
        // What is more than before: mounts of other tests, copied with the rest, go as those end.
        let run =
            checksMounts
            ? "{ before=$(cat /proc/self/mountinfo); \(drop); status=$?; "
                + "! grep -qvxF \"$before\" /proc/self/mountinfo || exit 99; exit $status; }"
            : "exec \(drop)"
        let copy = scratch("home/fuse.\(rawValue)")
        let words = [
            "unshare", "-m", "sh", "-c",
            "[ -e '\(copy)' ] || mknod -m \(self == .nobody ? 666 : 600) '\(copy)' c 10 229 "
                + "2>/dev/null; mount --bind '\(copy)' /dev/fuse && \(run)",
            "sh",
        ]
        return (env, words + [program.path])
    }

    /// Runs pak.
    func pak(_ scratch: Scratch, _ arguments: [String]) throws -> Program.Outcome {
        let (program, words) = try program(.pak, scratch, checksMounts: true)
        return try program.run(words + arguments)
    }

    /// Starts pak.
    func startPak(_ scratch: Scratch, _ arguments: [String]) throws -> Program.Running {
        let (program, words) = try program(.pak, scratch)
        return try program.start(words + arguments)
    }
}

extension Trait where Self == ConditionTrait {
    /// A test that mounts something in a namespace of its own.
    static var mounting: Self { .enabled(if: Visitor.mayMount, "nobody may mount here") }
}
