import CLinux
import FileTree
import Glibc
import Testing

@Suite struct HostProgramTests {
    @Test(
        arguments: [
            ("exit 0", nil, nil), ("echo why >&2; echo more >&2; exit 3", "status 3", "why"),
            ("kill -9 $$", "signal 9", nil),
        ] as [(String, String?, String?)]
    )
    func howItEndsAndWhatItSaysIsTold(script: String, fault: String?, complaint: String?) throws {
        let ending = try HostProgram.run(["sh", "-c", script], keepsComplaints: true)
        #expect(ending.fault == fault)
        #expect(ending.complaint == complaint)
    }

    @Test(
        arguments: [
            "exec sleep 1000", "exec 2>&-; exec sleep 1000", "sleep 5 & wait", "exec yes >&2",
        ]
    )
    func whatTakesTooLongIsKilled(script: String) throws {
        let words = ["sh", "-c", script]
        for keepsComplaints in [true, false] {
            #expect {
                try HostProgram.run(words, keepsComplaints: keepsComplaints, within: 1)
            } throws: { error in
                let error = error as? FileError
                return error?.kind == .busy && error?.context == "not ended after 1 seconds"
            }
        }
    }

    @Test func aProgramThatIsNotThereIsAnError() throws {
        #expect { try HostProgram.run(["/nonexistent/program"]) } throws: { error in
            (error as? FileError)?.kind == .notFound
        }
    }

    @Test func signalsThatAThreadBlocksAreNotBlockedInIt() throws {
        var set = sigset_t()
        var old = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, SIGUSR2)
        pthread_sigmask(SIG_BLOCK, &set, &old)
        defer { pthread_sigmask(SIG_SETMASK, &old, nil) }
        let words = ["grep", "-q", "^SigBlk:.0*$", "/proc/self/status"]
        #expect(try HostProgram.run(words).fault == nil)
    }

    @Test func aDescriptorThatItKeepsStaysClosedForOthers() throws {
        var ends: [Int32] = [-1, -1]
        try #require(pipe(&ends) == 0)
        let (output, input) = (ends[0], ends[1])
        defer {
            close(output)
            close(input)
        }
        _ = fcntl(input, F_SETFD, FD_CLOEXEC)
        let words = ["sh", "-c", "echo kept >/proc/self/fd/\(input)"]
        var arguments: [UnsafePointer<CChar>?] = words.map { UnsafePointer(strdup($0)) }
        defer { for word in arguments { free(UnsafeMutablePointer(mutating: word)) } }
        arguments.append(nil)
        let process = pak_spawn(arguments, nil, -1, nil, 0, input)
        try #require(process > 0)
        #expect(fcntl(input, F_GETFD) & FD_CLOEXEC != 0)
        try #require(pak_reap(process, -1, nil, 0, -1) == 0)
        var room = [UInt8](repeating: 0, count: 16)
        let count = read(output, &room, room.count)
        #expect(String(decoding: room.prefix(max(0, count)), as: UTF8.self) == "kept\n")
    }
}
