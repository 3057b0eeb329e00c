import Archive
import ArgumentParser
import CaptureTree
import Environments
import FileTree
import Terminal
import UnionTree

/// Which layer a command is about: a folder that no server holds, or a running server's.
struct LayerPlace: ParsableArguments {
    @Option(
        name: .shortAndLong,
        help: "The pakfs that holds it: unix!PATH or tcp!HOST!PORT. LAYER is its name there."
    )
    var address: String?

    @Option(
        name: .shortAndLong,
        parsing: .singleValue,
        help: "A package that it lies over; what the layer says unless given.",
        completion: .file()
    )
    var package: [String] = []

    @Option(
        name: .shortAndLong,
        help: "The directory of the host, or 9p!ADDRESS[!ANAME], below the packages.",
        completion: .directory
    )
    var base: String?

    @Argument(help: "The layer's folder; with -a its name.", completion: .directory)
    var layer: String

    func validate() throws {
        try ServerOptions.check(address)
        guard address != nil else { return }
        guard package.isEmpty, base == nil else {
            throw ValidationError("-a: the pakfs there knows what the layer lies over")
        }
        guard PackageName.isLegal(layer) else {
            throw ValidationError("\(layer): no layer's name, as -a wants it")
        }
    }

    /// The folder's last name, which is what its package is called.
    var name: String {
        let last = TextFile.absolute(layer).parts(at: "/").last.map(String.init) ?? ""
        return PackageName.isLegal(last) ? last : ""
    }

    /// What the command is about.
    ///
    /// `changes` says whether the layer itself is to be changed.
    func open(changes: Bool = false) throws(Complaint) -> any LayerAnswers {
        if let address { return try ServedLayer(address, layer) }
        return try capture(changes ? .write(LayerSettings()) : .read)
    }

    /// The layer in its folder, over what it lies over.
    func capture(_ access: Capture.Access) throws(Complaint) -> Capture {
        let known: LayerBase
        do throws(FileError) {
            guard let told = try LayerBase.read(from: layer) else {
                throw FileError(.notFound, "\(layer)/\(LayerBase.fileName)")
            }
            known = told
        } catch {
            throw complaint(error)
        }
        return try capture(over: known, access)
    }

    /// The layer in its folder, over what `known` and the command line say.
    func capture(
        over known: LayerBase,
        _ access: Capture.Access
    ) throws(Complaint) -> Capture {
        var rules = UnionRules()
        for option in known.options { try rules.take(option: option) }
        let isGiven = !package.isEmpty || base != nil
        var source = EnvironmentSource(
            packages: isGiven ? package : known.packages.map(\.path),
            rules: rules,
            options: known.options,
            base: isGiven ? base : known.base
        )
        source.name = known.environment
        source.optionName = "--option"
        let environment = try Environment(source, PackageOpener())
        do throws(FileError) {
            let view = ViewName(known)
            return try Capture(name, folder: layer, over: environment, view, access)
        } catch {
            throw complaint(error)
        }
    }

    /// What is told of a layer that cannot be had, with the way out.
    func complaint(_ error: FileError) -> Complaint {
        let cure: String? =
            switch error.kind {
            case .busy:
                "pak layer ... -a 'unix!THE SOCKET OF ITS PAKFS' \(name.isEmpty ? "NAME" : name)"
            case .conflict: "-p PACKAGE... or -b BASE, as when it was made"
            case .malformed: "pak layer check \(ShellWord.quoted(layer))"
            case .notFound where TextFile.exists("\(layer)/\(Capture.usual)/log"):
                "'\(layer)/\(Capture.usual)', a layer in that folder"
            // There is one, and to make it anew would be the end of it.
            case .notFound where TextFile.exists("\(layer)/log"):
                "pak layer check \(ShellWord.quoted(layer))"
            case .notFound: "pak layer init \(ShellWord.quoted(layer))"
            default: nil
            }
        return Complaint(layer, error, try: cure, status: error.kind == .malformed ? 4 : 1)
    }
}

/// What a layer answers, in a folder or through a server's control files.
protocol LayerAnswers {
    /// What has changed, a line each.
    func changeLines() throws(Complaint) -> [[UInt8]]
    /// What was opened below, a line each.
    func readLines() throws(Complaint) -> [[UInt8]]
    /// Takes no more changes.
    func seal() throws(Complaint)
    /// Adds rules behind those there are.
    func add(_ rules: Rules) throws(Complaint)
}

extension Capture: LayerAnswers {
    func changeLines() throws(Complaint) -> [[UInt8]] {
        try told { () throws(FileError) in try changes().map(\.line) }
    }

    func readLines() throws(Complaint) -> [[UInt8]] {
        try told { () throws(FileError) in try reads().map(\.bytes) }
    }

    func seal() throws(Complaint) {
        try told { () throws(FileError) in try layer.seal() }
    }

    func add(_ rules: Rules) throws(Complaint) {
        try told { () throws(FileError) in try take(rules) }
    }

    private func told<Result>(_ body: () throws(FileError) -> Result) throws(Complaint) -> Result {
        do throws(FileError) {
            return try body()
        } catch {
            throw Complaint(id.isEmpty ? "layer" : id, error)
        }
    }
}
