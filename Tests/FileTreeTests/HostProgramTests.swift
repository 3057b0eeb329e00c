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
}
