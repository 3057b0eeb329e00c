import ArgumentParser

@main
struct PakFS: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "pakfs")
}
