import Testing

@testable import pakfs

struct MountCommandTests {
    @Test func aSocketIsMountedByItsPath() {
        let command = MountCommand(
            place: .unix(path: "/run/p.sock"),
            messageSize: 1 << 20,
            change: .outside
        )
        #expect(
            command.text == "mount -t 9p -o trans=unix,version=9p2000.L,msize=131096,cache=none "
                + "/run/p.sock /mnt"
        )
    }

    @Test func whatItsClientsChangeIsNotKeptForEver() {
        let command = MountCommand(
            place: .unix(path: "/run/p.sock"),
            messageSize: 1 << 20,
            change: .captured
        )
        #expect(
            command.text == "mount -t 9p -o trans=unix,version=9p2000.L,msize=131096,access=client,"
                + "cache=mmap /run/p.sock /mnt"
        )
    }

    @Test func aPortComesWithTheHost() {
        let command = MountCommand(
            place: .tcp(host: "127.0.0.1", port: 5640),
            messageSize: 8192,
            aname: "@0123456789ab",
            change: .none
        )
        #expect(
            command.text == "mount -t 9p -o trans=tcp,port=5640,version=9p2000.L,msize=8192,"
                + "cache=loose,aname=@0123456789ab 127.0.0.1 /mnt"
        )
    }

    @Test func whatAShellWouldTakeApartIsQuoted() {
        let command = MountCommand(
            place: .unix(path: "/tmp/a b'c"),
            messageSize: 1 << 20,
            change: .outside
        )
        #expect(command.text.hasSuffix(#" '/tmp/a b'\''c' /mnt"#))
    }
}
