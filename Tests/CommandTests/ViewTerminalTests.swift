import Glibc
import Testing
import Watched

/// A view at a terminal: for the shell outside, pak and its command are one job.
@Suite(.unwatched) struct ViewTerminalTests {
    static let spaces = ["bind:h/:v/", "-own bind:h/:v/ proc:v/proc"]

    @Test(arguments: Views.Maker.allHere, spaces)
    func aViewIsStoppedAndContinuedAsAJob(_ maker: Views.Maker, _ steps: String) throws {
        let views = try Views(maker)
        let terminal = try Terminal()
        let loop = "trap \\\"echo again\\\" CONT; echo up; while :; do read line; done"
        terminal.type(views.typed("\(steps) -- sh -c \"\(loop)\"\n"))
        try terminal.expect("up\r\n")
        terminal.type("\u{1a}")
        try terminal.expect("Stopped")
        try terminal.expect("outer> ")
        terminal.type("jobs; echo done\n")
        try terminal.expect("Stopped")
        try terminal.expect("done")
        terminal.type("fg\n")
        try terminal.expect("again\r\n")
        terminal.type("\u{3}")
        try terminal.expect("outer> ")
        terminal.type("echo status $?\n")
        try terminal.expect("status 130\r\n")
    }

    @Test(arguments: Views.Maker.allHere, [Terminal.Shell.bash, .dash])
    func whoReadsTheTerminalIsStoppedInTheBackgroundAndHasItInTheForeground(
        _ maker: Views.Maker,
        _ shell: Terminal.Shell
    ) throws {
        for steps in Self.spaces {
            let views = try Views(maker)
            let terminal = try Terminal(shell)
            terminal.type(views.typed("\(steps) -- cat &\n"))
            try terminal.expect("outer> ")
            for round in 1...3 {
                try terminal.expectStarvedJob()
                terminal.type("fg\n")
                terminal.type("line \(round)\n")
                let told = try terminal.expect("line \(round)\r\n")
                #expect(!told.contains("Stopped"))
                terminal.type("\u{1a}")
                try terminal.expect("Stopped")
                try terminal.expect("outer> ")
                terminal.type("bg\n")
                try terminal.expect("outer> ")
            }
            try terminal.expectStarvedJob()
            terminal.type("fg\n\u{4}")
            try terminal.expect("outer> ")
            terminal.type("echo status $?\n")
            try terminal.expect("status 0\r\n")
        }
    }

    @Test(arguments: Views.Maker.allHere, spaces)
    func aPipelineOfViewsIsOneJob(_ maker: Views.Maker, _ steps: String) throws {
        let views = try Views(maker)
        let terminal = try Terminal()
        let cat = views.typed("\(steps) -- cat")
        terminal.type("\(cat) | \(cat)\n")
        for round in 1...3 {
            terminal.type("line \(round)\n")
            try terminal.expect("line \(round)\r\n")
            terminal.type("\u{1a}")
            try terminal.expect("Stopped")
            try terminal.expect("outer> ")
            terminal.type("fg\n")
        }
        terminal.type("\u{4}")
        try terminal.expect("outer> ")
        terminal.type("echo status $?\n")
        try terminal.expect("status 0\r\n")
    }

    @Test(arguments: Views.Maker.allHere, spaces)
    func aShellInAViewHasTheTerminalOnceMore(_ maker: Views.Maker, _ steps: String) throws {
        let views = try Views(maker)
        let terminal = try Terminal()
        terminal.type("PS1='inner> ' ")
        terminal.type(views.typed("\(steps) -- dash -i\n"))
        try terminal.expect("inner> ")
        for round in 1...2 {
            terminal.type("kill -STOP $$\n")
            try terminal.expect("Stopped")
            try terminal.expect("outer> ")
            // It reads, and so is stopped once more while another has the terminal.
            terminal.type("bg\n")
            try terminal.expect("outer> ")
            try terminal.expectStarvedJob()
            terminal.type("fg\n")
            terminal.type("echo round $((\(round)))\n")
            let told = try terminal.expect("round \(round)\r\n")
            #expect(!told.contains("Stopped"))
        }
        terminal.type("kill -KILL $$\n")
        try terminal.expect("outer> ")
        terminal.type("echo status $?\n")
        try terminal.expect("status 137\r\n")
    }

    @Test(arguments: Views.Maker.allHere, spaces)
    func aShellInAViewHasJobsOfItsOwn(_ maker: Views.Maker, _ steps: String) throws {
        let views = try Views(maker)
        let terminal = try Terminal()
        terminal.type("PS1='inner> ' ")
        terminal.type(views.typed("\(steps) -- bash --norc --noprofile --noediting -i\n"))
        try terminal.expect("inner> ")
        terminal.type("sh -c 'echo up; exec sleep 1000'\n")
        try terminal.expect("up\r\n")
        terminal.type("\u{3}")
        try terminal.expect("inner> ")
        terminal.type("sh -c 'echo up; exec sleep 1000'\n")
        try terminal.expect("up\r\n")
        terminal.type("\u{1a}")
        let stopped = try terminal.expect("inner> ")
        #expect(stopped.contains("Stopped"))
        terminal.type("suspend\n")
        try terminal.expect("Stopped")
        try terminal.expect("outer> ")
        terminal.type("fg\n")
        try terminal.expect("inner> ")
        // It has a stopped job, and so asks once.
        terminal.type("exit 3\n")
        try terminal.expect("There are stopped jobs")
        try terminal.expect("inner> ")
        terminal.type("exit 3\n")
        try terminal.expect("outer> ")
        terminal.type("echo status $?\n")
        try terminal.expect("status 3\r\n")
    }

    @Test(arguments: Views.Maker.allHere, spaces)
    func nothingIsLeftWhenTheTerminalIsClosed(_ maker: Views.Maker, _ steps: String) throws {
        try closeTerminal(maker, steps, start: "")
        // In the shell's place: then the kernel tells pak alone.
        try closeTerminal(maker, steps, start: "exec ")
    }

    private func closeTerminal(_ maker: Views.Maker, _ steps: String, start: String) throws {
        let views = try Views(maker)
        let terminal = try Terminal()
        var ends: [Int32] = [0, 0]
        let name = views.scratch("held")
        try #require(mkfifo(name, 0o666) == 0)
        chmod(name, 0o666)
        ends[0] = open(name, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        try #require(ends[0] >= 0)
        defer { close(ends[0]) }
        // It says so once the pipe is open: one that was never written to has no end.
        let family = "sh -c \\\"echo up; sleep 1000 & sleep 1000\\\" 3>\(name) & wait"
        terminal.type(start + views.typed("\(steps) -- sh -c \"\(family)\"\n"))
        try terminal.expect("up\r\n")
        terminal.hangUp()
        // The pipe ends when the last process that holds it has.
        let end = try #require(Patience.waits(for: ends[0]))
        #expect(end & POLLHUP != 0)
    }
}
