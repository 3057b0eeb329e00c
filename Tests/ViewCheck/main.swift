import FileTree
import Glibc
import Namespaces

// viewcheck [option]... [step]... -- command [argument]...
// A view as its arguments say, for tests and by hand: a step is its name and its places, each
// behind a colon, and a place is h, v or x (host, view, hidden) and a path: bind:h/usr:v/usr

/// Says something on standard error.
func say(_ text: String) {
    let line = Array("viewcheck: \(text)\n".utf8)
    _ = write(2, line, line.count)
}

/// Says what is wrong, and ends.
func refuse(_ text: String) -> Never {
    say(text)
    exit(125)
}

func place(_ text: Substring) -> Place {
    let path = String(text.dropFirst())
    switch text.first {
    case "h": return .host(path)
    case "v": return .view(path)
    case "x": return .hidden(path)
    default: refuse("no place: \(text)")
    }
}

func step(_ text: String) -> Step {
    let words = text.split(separator: ":", omittingEmptySubsequences: false)
    func at(_ index: Int) -> Place {
        guard index < words.count else { refuse("a place is missing: \(text)") }
        return place(words[index])
    }
    switch words[0] {
    case "bind": return .bind(from: at(1), at: at(2))
    case "bind1": return .bind(from: at(1), at: at(2), recursive: false)
    case "bindro": return .bind(from: at(1), at: at(2), readOnly: true)
    case "tmp": return .temporary(at: at(1))
    case "proc": return .processes(at: at(1))
    case "dev": return .devices(at: at(1))
    case "dir": return .directory(at: at(1))
    case "file": return .file(at: at(1))
    case "fill": return .fill(at: at(1))
    case "fuse": return .fuse(at: at(1), options: "")
    case "link": return .link(at: at(1), target: "\(words[2])")
    case "overlay": return .overlay(lower: words[2...].map(place), at: at(1))
    case "upper":
        return .overlay(lower: [at(4)], upper: at(2), work: at(3), at: at(1))
    default: refuse("no step: \(text)")
    }
}

Foreground.take()
var words = CommandLine.arguments.dropFirst()
var view = View(steps: [])
var isTight = false
var directory = getcwd(nil, 0).map { String(cString: $0) } ?? "/"
while let word = words.popFirst(), word != "--" {
    switch word {
    case "-users": view.hasUsers = true
    case "-root": view.identity = .root()
    case "-own": view.spaces.formUnion([.processes, .ipc, .hostName])
    case "-name": view.hostName = words.popFirst()
    case "-network": view.spaces.insert(.network)
    case "-answer": view.answered = [.owners, .devices, .identities]
    case "-in": directory = words.popFirst() ?? "/"
    // The first descriptor handed over is the last that there is room for.
    case "-tight": isTight = true
    case "-doctor":
        for facility in Facility.allCases { print(facility.rawValue, facility.check()) }
        exit(0)
    default: view.steps.append(step(word))
    }
}
var environment: [String] = []
var variable = environ
while let text = variable.pointee {
    environment.append(String(cString: text))
    variable += 1
}
do throws(FileError) {
    let process = try ViewProcess.start(
        view,
        Command(Array(words), environment: environment, directory: directory),
        handed: { (number, descriptor) throws(FileError) in
            if isTight {
                var limit = rlimit()
                getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
                limit.rlim_cur = rlim_t(descriptor) + 1
                setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
                return
            }
            defer { close(descriptor) }
            guard case .fill = view.steps[number] else { return }
            let file = openat(descriptor, "filled", O_CREAT | O_WRONLY, 0o644)
            close(file)
        },
        answer: { request throws(FileError) in say("\(request)") }
    )
    if let error = process.directoryError { say("\(error)") }
    let ending = process.wait()
    if case .notFound(let text) = ending { say("\(text): not found") }
    if case .notExecutable(let text) = ending { say("\(text)") }
    Foreground.finish(ending)
} catch {
    refuse(error.description)
}
