import CLinux
import Glibc

/// This process, the keeper and the command: for whoever started this process, one job.
///
/// All three begin in this process's group. So a shell outside gives the terminal to all or none,
/// and the kernel calls the group orphaned just when it would call the command's so. What is to
/// stop a job (SIGTSTP, SIGTTIN, SIGTTOU) is held back here and in the keeper: the command alone
/// says whether it stops. Then, in this order:
/// 1. The keeper, whose child it is, hears of it and says so, with a number.
/// 2. This process waits until what it passed on has arrived: no signal of before then stops the
///    command once more when it is to go on.
/// 3. It stops by the command's own signal, SIGTSTP for SIGSTOP. In an orphaned group, where
///    nobody would continue it, none is sent, for the kernel would ignore it and still take a
///    SIGCONT back, and the command is waited for as before.
/// 4. What the keeper says meanwhile, that the command goes on or has ended, or its own end, is a
///    SIGCONT, also out of a pid namespace: whoever has continued or killed the command, this
///    process is awake. It serves the view, and may have the only word of the end.
/// 5. Whoever continues this process continues the command, unless that is in a later stop by then.
///
/// The shell outside knows this one group. When a shell inside had given the terminal to another,
/// that gets it once more as soon as this one has it again.
struct Job {
    private let keeper: pid_t
    private let socket: Int32
    /// What the signals that are passed on are read from.
    private let signals: Int32
    /// The stop that the command is in, for as long as this process has made nothing of it.
    private var stop: (number: Int32, signal: Int32)?
    /// How many signals the keeper has yet to pass on.
    private var underway = 0
    /// Whether a process of this group has asked for a terminal that the group did not have.
    private var wantsTerminal = false
    /// The group of the view that had the terminal.
    private var holder: pid_t?

    init(keeper: pid_t, socket: Int32, signals: Int32) {
        self.keeper = keeper
        self.socket = socket
        self.signals = signals
    }

    /// Takes in what the keeper says.
    mutating func hear(_ packet: pak_saying_packet) {
        switch pak_saying(rawValue: UInt32(bitPattern: packet.saying)) {
        case PAK_SAY_STOPPED: stop = (packet.at, packet.number)
        case PAK_SAY_CONTINUED: stop = nil
        case PAK_SAY_PASSED: underway -= 1
        default: break
        }
    }

    /// Passes on the signals that have come.
    ///
    /// With `all` also those that the terminal sent: before there was a command they came to this
    /// process alone.
    mutating func passSignals(all: Bool = false) {
        var isByProcess: Int32 = 0
        // As many as there can be at once: the keeper has to be heard, too.
        for _ in 0..<Foreground.passed.count {
            let number = pak_signal_read(signals, &isByProcess)
            guard number != 0 else { return }
            let isOfTerminal = isByProcess == 0 && [SIGTTIN, SIGTTOU].contains(number)
            if isOfTerminal { wantsTerminal = true }
            // What comes from the terminal has come to the command too: it is of the same group. But
            // that the terminal has gone is told to the first of a session alone.
            let isForAll = number != SIGHUP || getpid() != getsid(0)
            guard isByProcess != 0 || !isForAll || all && !isOfTerminal else { continue }
            // A stop of the whole group was its, too.
            if number == SIGCONT { kill(keeper, SIGCONT) }
            ViewProcess.say(PAK_SAY_SIGNAL, number, on: socket)
            underway += 1
        }
    }

    /// Stops this process when the command is stopped.
    mutating func stopWithCommand() {
        guard stop != nil, underway == 0 else { return }
        // A signal that goes on to the command first may be one that continues it.
        passSignals()
        guard let stop, underway == 0 else { return }
        let isForTerminal = [SIGTTIN, SIGTTOU].contains(stop.signal)
        let mayHaveIt = isForTerminal && (wantsTerminal || holder != nil)
        wantsTerminal = false
        if mayHaveIt, hasTerminal {
            // It came after the command had asked for it, and the shell knows of no stop.
            self.stop = nil
            giveTerminalBack()
            resume(stop.number)
            return
        }
        noteHolder()
        let outcome = pak_stop_until(isForTerminal ? stop.signal : SIGTSTP, socket)
        guard outcome != PAK_STOP_NONE else { return }
        self.stop = nil
        giveTerminalBack()
        if outcome == PAK_STOP_RESUMED {
            kill(keeper, SIGCONT)
            resume(stop.number)
        }
    }

    private func resume(_ number: Int32) {
        ViewProcess.say(PAK_SAY_RESUME, at: number, on: socket)
    }

    // MARK: The terminal

    private var terminal: Int32? { [Int32(0), 1, 2].first { isatty($0) == 1 } }

    private var hasTerminal: Bool { terminal.map { tcgetpgrp($0) } == getpgrp() }

    private mutating func noteHolder() {
        guard let terminal else { return }
        let group = tcgetpgrp(terminal)
        if group == getpgrp() {
            holder = nil
        } else if group > 0, pak_is_below(group, keeper) != 0 {
            holder = group
        }
    }

    private mutating func giveTerminalBack() {
        guard let terminal, let group = holder, hasTerminal else { return }
        // It may be gone by now.
        if tcsetpgrp(terminal, group) != 0 { holder = nil }
    }
}
