import Archive
import ArgumentParser
import Environments
import FileTree
import Store
import Terminal

/// `pak import`: packages into the store.
struct Import: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Take packages of any form into the store."
    )

    @OptionGroup var printing: OutputOptions
    @OptionGroup var progress: ProgressOptions
    @OptionGroup var stores: StoreOptions

    @Argument(help: "Archives and directories.", completion: .file())
    var files: [String]

    func run() throws {
        let (store, _) = try stores.writer()
        let meter = progress.meter
        for file in files {
            var options = try ImportOptions.ofProcess()
            options.progress = ImportProgress { meter.show($0, of: $1, file) }
            let imported: Store.Imported
            do throws(FileError) {
                defer { meter.clear() }
                imported = try store.add(file, options)
            } catch {
                guard error.kind == .noSpace else { throw Complaint(file, error) }
                throw Complaint(error, in: store)
            }
            for path in imported.replaced.prefix(10) {
                progress.remark(
                    "\(file): \(String(decoding: path, as: UTF8.self)): the last counts"
                )
            }
            let package = imported.package
            printing.show(
                JSON.package(package, [("new", .truth(!imported.isKnown))]),
                or: "\(package.id) \(package.name) \(package.version)\n"
            )
        }
    }
}

/// `pak store`: questions about the store.
struct StoreVerbs: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "store",
        abstract: "Check the store, and tell what it holds.",
        subcommands: [VerifyStore.self, StoreUsage.self]
    )
}

/// `pak store verify`: every byte of every package.
struct VerifyStore: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Read every byte of every package of the store, and every generation."
    )

    @OptionGroup var printing: OutputOptions
    @OptionGroup var stores: StoreOptions

    func run() throws {
        let finder = try stores.finder()
        var faults = 0
        var isKnownDamaged = false
        var damages: [String] = []
        do throws(FileError) {
            guard let store = finder.stores.first else { return }
            var all: Set<StoredPackage> = []
            for other in finder.stores { all.formUnion(try other.packages()) }
            if try !store.packages().isEmpty {
                try store.verify { finding in
                    if finding.fault != nil { faults += 1 }
                    show(finding)
                }
            }
            try store.verifyLists { error in
                faults += 1
                Complaint("\(error)").print(as: "pak")
            }
            try store.verifyKnown { error in
                isKnownDamaged = true
                Complaint("\(error)").print(as: "pak")
            }
            for name in try NamedEnvironment.names(in: store) {
                try NamedEnvironment.ifThere(name, in: store) { it throws(FileError) in
                    let damaged = { (error: FileError) in
                        damages.append(name)
                        Complaint("\(error)").print(as: "pak")
                    }
                    try it.each(damaged: damaged) { number, record throws(FileError) in
                        do throws(FileError) {
                            // What came since the packages were listed is looked for.
                            for package in try record().text.packages
                            where !all.contains(package) { _ = try finder.path(of: package) }
                        } catch {
                            guard it.isThere(number) else { return }
                            if error.kind == .malformed {
                                damages.append(name)
                            } else {
                                faults += 1
                            }
                            let line = "\(name): generation \(number): \(error)"
                            Complaint(line).print(as: "pak")
                        }
                    }
                }
            }
        } catch {
            throw Complaint("\(error)")
        }
        let count = faults + damages.count + (isKnownDamaged ? 1 : 0)
        guard count == 0 else {
            // What is current is whole where only others are not; what stands twice is written again
            // from what is whole.
            let cure =
                damages.first.map { "pak env create NAME --like \($0), and pak env delete \($0)" }
                ?? (faults > 0 ? "pak import the package again" : "pak gc")
            throw Complaint(count == 1 ? "1 fault" : "\(count) faults", try: cure, status: 4)
        }
    }

    private func show(_ finding: Store.Finding) {
        let package = finding.package
        printing.show(
            JSON.package(
                package,
                [
                    ("size", .size(finding.size)),
                    ("fault", finding.fault.map { .text("\($0)") } ?? .null),
                ]
            ),
            or: "\(package.id) \(package.name) \(finding.fault.map { "\($0)" } ?? "ok")\n"
        )
    }
}

/// `pak store du`: what packages take, and what gives them numbers.
struct StoreUsage: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "du",
        abstract: "Tell how many bytes each package of the store takes, and all of them."
    )

    @OptionGroup var printing: OutputOptions
    @OptionGroup var stores: StoreOptions

    func run() throws {
        let finder = try stores.finder()
        do throws(FileError) {
            var sum: UInt64 = 0
            for (package, size) in try finder.stores.first?.sizes() ?? [] {
                sum += size
                printing.show(
                    JSON.package(package, [("size", .size(size))]),
                    or: "\(size) \(package.name) \(package.version)\n"
                )
            }
            for list in try finder.stores.first?.lists() ?? [] {
                sum += list.size
                printing.show(
                    .object([("list", .text("\(list.id)")), ("size", .size(list.size))]),
                    or: "\(list.size) list \(list.id)\n"
                )
            }
            if let size = try finder.stores.first?.knownSize() {
                sum += size
                printing.show(
                    .object([("numbers", .truth(true)), ("size", .size(size))]),
                    or: "\(size) numbers of packages\n"
                )
            }
            if !printing.json { Stream.standardOutput.write("\(sum) total\n") }
        } catch {
            throw Complaint("\(error)")
        }
    }
}

/// `pak gc`: what nobody uses goes.
struct Collect: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gc",
        abstract: "Remove packages that no generation, root or process uses."
    )

    @Flag(help: "Tell what would go, and remove nothing.")
    var dryRun = false

    @Flag(help: "Tell of every package who uses it.")
    var why = false

    @Option(
        help: ArgumentHelp(
            "Forget generations first, but for so many of the latest, pinned and current ones.",
            valueName: "n"
        )
    )
    var keep: Int?

    @OptionGroup var printing: OutputOptions
    @OptionGroup var stores: StoreOptions
    @OptionGroup var waiting: WaitOptions

    func validate() throws {
        guard keep ?? 0 >= 0 else { throw ValidationError("--keep takes 0 or more") }
    }

    func run() throws { try waiting.retrying(collect) }

    private func collect() throws {
        // What is asked only is asked of a store that cannot be written, too.
        let asked = dryRun ? try stores.finder().stores.first : nil
        let store = if let asked { asked } else { try stores.writer().store }
        do throws(FileError) {
            let all = try store.collect(isDry: dryRun) { () throws(FileError) in
                var uses = Store.Uses()
                let names = try NamedEnvironment.names(in: store)
                if keep != nil, !dryRun {
                    // What is forgotten is gone for good: not before all are seen to be whole.
                    for name in names {
                        try NamedEnvironment.ifThere(name, in: store) { it throws(FileError) in
                            try it.checkWhole()
                        }
                    }
                }
                for name in names {
                    try NamedEnvironment.ifThere(name, in: store) { it throws(FileError) in
                        try Self.add(it, skipping: forgotten(of: it), to: &uses)
                    }
                }
                return uses
            }
            if !dryRun { try NamedEnvironment.removeUnfinished(in: store) }
            show(all)
        } catch {
            let isBusy = error.kind == .busy
            if error.kind == .noSpace {
                let cure = "pak env delete NAME, or to remove other files there"
                throw Complaint("store \(store.path)", error, try: cure)
            }
            throw Complaint(
                error,
                in: store,
                try: isBusy ? "pak gc --wait 60" : "pak store verify",
                status: isBusy ? WaitOptions.busy : 1
            )
        }
    }

    /// Forgets what is not to be kept of an environment; gives what only would be forgotten.
    ///
    /// It is a part of the collection: beside one that has the store nothing is forgotten.
    private func forgotten(of environment: NamedEnvironment) throws(FileError) -> Set<Int> {
        guard let keep else { return [] }
        if dryRun { return Set(try environment.forgettable(keeping: keep)) }
        _ = try environment.forget(keeping: keep, isCollecting: true)
        return []
    }

    /// Adds what an environment's generations use.
    private static func add(
        _ environment: NamedEnvironment,
        skipping skipped: Set<Int>,
        to uses: inout Store.Uses
    ) throws(FileError) {
        try environment.each { number, record throws(FileError) in
            if skipped.contains(number) { return }
            let record = try record()
            for package in record.text.packages {
                let by = "\(environment.name) generation \(number)"
                uses.packages[package.id, default: []].append(by)
            }
            if let list = record.list { uses.lists.insert(list) }
            uses.numbers.formUnion(try record.numbers())
        }
    }

    private func show(_ all: Store.Collected) {
        for verdict in all.packages where why || verdict.reasons.isEmpty {
            let goes = verdict.reasons.isEmpty
            let reasons = goes ? ["no generation, root or process"] : verdict.reasons
            let words = "\(goes ? "-" : " ") \(verdict.package.name) \(verdict.package.version)"
            printing.show(
                JSON.package(
                    verdict.package,
                    [
                        ("size", .size(verdict.size)),
                        ("removed", .truth(goes && !dryRun)),
                        ("uses", .list(verdict.reasons.map { .text($0) })),
                    ]
                ),
                or: words + (why ? ": \(reasons.joined(separator: ", "))" : "") + "\n"
            )
        }
        for list in all.lists {
            printing.show(
                .object([
                    ("list", .text("\(list.id)")),
                    ("size", .size(list.size)),
                    ("removed", .truth(!dryRun)),
                ]),
                or: "- list \(list.id)\n"
            )
        }
        let gone = all.packages.filter(\.reasons.isEmpty)
        guard !printing.json else { return }
        let bytes = gone.reduce(0) { $0 + $1.size } + all.lists.reduce(0) { $0 + $1.size }
        let lists = all.lists.isEmpty ? "" : " and \(all.lists.count) lists"
        let word = dryRun ? "would be removed" : "removed"
        Stream.standardOutput.write("\(gone.count) packages\(lists), \(bytes) bytes \(word)\n")
    }
}
