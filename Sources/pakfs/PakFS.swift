import Archive
import ArgumentParser
import Environments
import FileTree
import Logging
import NinePServer
import Store
import Terminal
import UnionTree

/// `pakfs`: serves a union of packages over 9P until it is told to end.
@main
struct PakFS: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pakfs",
        abstract: "Serve a union of packages over 9P.",
        discussion: "Prints the mount command once it listens. See pakfs(4)."
    )

    @Flag(name: .customShort("D"), help: "Print every message on standard error.")
    var traces = false

    @Option(
        name: .customShort("m"),
        help: ArgumentHelp("The largest message offered, in bytes.", valueName: "msize")
    )
    var messageSize = Configuration.largestMessage

    @Option(
        name: .customShort("l"),
        parsing: .singleValue,
        help: ArgumentHelp(
            "Serve there: unix!PATH, tcp!HOST!PORT, vsock!CID!PORT, fd!N or stdio.",
            valueName: "address"
        )
    )
    var addresses: [String] = []

    @Option(
        name: .customShort("e"),
        parsing: .singleValue,
        help: ArgumentHelp(
            "An environment: NAME of the stores, NAME=PACKAGE[,PACKAGE]... or "
                + "NAME=dir:FOLDER.",
            valueName: "environment"
        )
    )
    var environments: [String] = []

    @Option(
        name: .customShort("S"),
        help: ArgumentHelp("The store to write; the user's own without.", valueName: "store"),
        completion: .directory
    )
    var store: String?

    @Option(
        name: .customShort("b"),
        help: ArgumentHelp(
            "What lies below the packages of the command line: a directory of the host, or "
                + "9p!ADDRESS[!ANAME].",
            valueName: "base"
        ),
        completion: .directory
    )
    var base: String?

    @Option(
        name: .customShort("c"),
        help: ArgumentHelp(
            "A directory for layers, in which all that clients change is kept.",
            valueName: "layers"
        ),
        completion: .directory
    )
    var layers: String?

    @Option(
        name: .customShort("o"),
        parsing: .singleValue,
        help: ArgumentHelp(
            "stack, prefer=PATH:NAME, block=NAME:PATH or alias=A:B; of a base wait=SECONDS; of "
                + "layers sync=, bytes=, inodes=, largest=, scratch= and rules=.",
            valueName: "option"
        )
    )
    var options: [String] = []

    @Argument(help: "Archives and directories to serve.", completion: .file())
    var packages: [String] = []

    static func main() { runProgram() }

    func validate() throws {
        let sizes = Configuration.smallestMessage...Configuration.largestMessage
        guard sizes.contains(messageSize) else {
            throw ValidationError("-m takes \(sizes.lowerBound) to \(sizes.upperBound)")
        }
    }

    func run() throws {
        Process.holdSignals()
        DescriptorPool.raiseLimit()
        let wanted = try wantedAddresses()
        let logger = Logger(label: "pakfs") { StreamLogHandler.standardError(label: $0) }
        // Peers choose some of the words: no line of theirs is two, or longer than a few.
        let log: @Sendable (String) -> Void = {
            logger.info("\(Visible.text(String($0.prefix(1000))))")
        }
        var settings = LayerSettings()
        let sources = try sources(&settings)
        let captures = try layers.map { (folder) throws(Complaint) in
            try Captures(folder: folder, settings)
        }
        let views = try Views(
            sources,
            PackageOpener(),
            stored: storedEnvironments(),
            captures: captures,
            log: log
        )
        views.follow()

        var configuration = Configuration()
        configuration.messageSize = messageSize
        configuration.log = log
        if traces { configuration.trace = { Stream.standardError.write($0 + "\n") } }
        let server = Server(tree: views, configuration: configuration)
        views.setStatistics { [weak server] in server?.statistics ?? "" }

        let places = try listen(server, on: wanted)
        announce(places, views)
        Process.notifyReady()
        Process.requestDrain { server.wait() }
        while Process.nextRequest() == .reread { views.reread() }
        server.drain()
        views.sync()
    }

    /// Where packages come from: the command line's own, and the named environments.
    private func sources(_ settings: inout LayerSettings) throws(Complaint) -> [EnvironmentSource] {
        var rules = UnionRules()
        var joining: [String] = []
        var patience: Int?
        for option in options {
            if let seconds = try EnvironmentSource.patience(option: option, base) {
                patience = seconds
                continue
            }
            if try settings.take(option: option) {
                guard layers != nil else {
                    throw Complaint(
                        "-o \(option): there are no layers",
                        try: "pakfs -c LAYERS -o \(option)",
                        status: 2
                    )
                }
                continue
            }
            try rules.take(option: option)
            joining.append(option)
        }
        var sources: [EnvironmentSource] = []
        for name in environments where !name.contains("=") {
            try EnvironmentSource.check(name: name)
            let twice = environments.contains { $0.hasPrefix("\(name)=") }
            guard !twice else { throw Complaint("-e \(name): it is there twice", status: 2) }
        }
        if !packages.isEmpty || base != nil || environments.isEmpty {
            sources.append(
                EnvironmentSource(
                    packages: packages,
                    rules: rules,
                    options: joining,
                    base: base,
                    patience: patience
                )
            )
        } else if let option = joining.first {
            throw Complaint(
                "-o \(option): there are no packages of the command line",
                try: "pakfs -e NAME=dir:FOLDER, and FOLDER/rules",
                status: 2
            )
        }
        for text in environments where text.contains("=") {
            let source = try EnvironmentSource(option: text)
            guard !sources.contains(where: { $0.name == source.name }) else {
                throw Complaint("-e \(text): \(source.name) is there twice", status: 2)
            }
            sources.append(source)
        }
        guard !packages.isEmpty || base != nil || !environments.isEmpty else {
            throw Complaint("nothing to serve", try: "pakfs PACKAGE...", status: 2)
        }
        return sources
    }

    /// The environments of stores.
    private func storedEnvironments() throws(Complaint) -> [StoredEnvironment] {
        let names = environments.filter { !$0.contains("=") }
        guard !names.isEmpty else { return [] }
        let frames = FrameCache()
        var found: [StoredEnvironment] = []
        do throws(FileError) {
            let finder = try EnvironmentFinder(StoreStack(store: store))
            for name in names where !found.contains(where: { $0.name == name }) {
                found.append(try StoredEnvironment(name, finder, frames: frames))
            }
        } catch {
            let cure = error.kind == .notFound ? "pak env list" : "pak store verify"
            throw Complaint("-e \(names.joined(separator: " "))", error, try: cure)
        }
        return found
    }

    /// Listens everywhere; returns the addresses as they turned out.
    private func listen(
        _ server: Server,
        on wanted: [Address]
    ) throws(Complaint) -> [Address] {
        var places: [Address] = []
        for address in wanted {
            do throws(FileError) {
                places.append(try server.listen(on: address))
            } catch {
                // Takes the sockets along that were made for the addresses before.
                server.drain()
                throw Complaint("\(address)", error, try: cure(for: error.kind, address))
            }
        }
        return places
    }

    private func wantedAddresses() throws(Complaint) -> [Address] {
        var wanted = Address.activated()
        for text in addresses {
            do throws(FileError) {
                wanted.append(try Address(text))
            } catch {
                throw Complaint("-l \(text)", error, try: "pakfs --help", status: 2)
            }
        }
        if !wanted.isEmpty { return wanted }
        guard let folder = Process.variable("XDG_RUNTIME_DIR") else {
            throw Complaint(
                "no address: XDG_RUNTIME_DIR is not set",
                try: "pakfs -l 'unix!/tmp/pakfs.sock'",
                status: 2
            )
        }
        return [.unix(path: "\(folder)/pakfs.sock")]
    }

    private func cure(for kind: FileError.Kind, _ address: Address) -> String? {
        switch (kind, address) {
        case (.busy, .unix): "pakfs -l 'unix!ANOTHER PATH', or end the one that has this"
        case (.busy, .tcp(let host, _)): "pakfs -l 'tcp!\(host)!0', which takes a free port"
        case (.permission, .tcp(let host, let port)) where port < 1024:
            "pakfs -l 'tcp!\(host)!\(Int(port) + 5000)': ports below 1024 are root's"
        default: nil
        }
    }

    /// Prints the command that mounts each address.
    private func announce(_ places: [Address], _ views: Views) {
        let speaksOnOutput = places.contains(.stdio)
        let stream = speaksOnOutput ? Stream.standardError : .standardOutput
        for address in places {
            let place: MountCommand.Place
            switch address {
            case .unix(let path): place = .unix(path: path)
            case .tcp("*", let port): place = .tcp(host: "127.0.0.1", port: port)
            case .tcp(let host, let port): place = .tcp(host: host, port: port)
            case .stdio, .descriptor, .vsock: continue
            }
            for view in views.mounts {
                let command = MountCommand(
                    place: place,
                    messageSize: messageSize,
                    aname: view.aname,
                    change: view.change
                )
                stream.write(command.text + "\n")
            }
        }
    }
}
