// Messages byte by byte, laid out by hand after the manual's section 5, Linux's 9p.h and diod's
// protocol.md. A line, then its bytes: `size[4] type[1] tag[2]` first.

import NineP

struct Vector: Sendable, CustomStringConvertible {
    let dialect: Dialect
    let line: String
    let hex: String

    var description: String { line }

    /// The bytes that the hexadecimal digits stand for.
    var bytes: [UInt8] {
        let digits = hex.compactMap(\.hexDigitValue)
        return stride(from: 0, to: digits.count - 1, by: 2).map {
            UInt8(digits[$0] << 4 | digits[$0 + 1])
        }
    }

    static let plain: [Vector] = [
        Vector(
            dialect: .plain,
            line: "Tversion tag 65535 msize 8192 version '9P2000'",
            hex: "13000000 64 ffff 002000000600395032303030"
        ),
        Vector(
            dialect: .plain,
            line: "Rversion tag 65535 msize 4096 version 'unknown'",
            hex: "14000000 65 ffff 001000000700756e6b6e6f776e"
        ),
        Vector(
            dialect: .plain,
            line: "Tauth tag 1 afid 3 uname glenda aname ''",
            hex: "15000000 66 0100 030000000600676c656e64610000"
        ),
        Vector(
            dialect: .plain,
            line: "Tattach tag 1 fid 1 afid ~0 uname glenda aname main",
            hex: "1d000000 68 0100 01000000ffffffff0600676c656e646104006d61696e"
        ),
        Vector(
            dialect: .plain,
            line: "Rerror tag 2 ename 'file does not exist'",
            hex: "1c000000 6b 0200 130066696c6520646f6573206e6f74206578697374"
        ),
        Vector(
            dialect: .plain,
            line: "Topen tag 5 fid 9 mode 17",
            hex: "0c000000 70 0500 0900000011"
        ),
        Vector(
            dialect: .plain,
            line: "Ropen tag 5 qid (0000000000000002 1 ) iounit 65536",
            hex: "18000000 71 0500 0001000000020000000000000000000100"
        ),
        Vector(
            dialect: .plain,
            line: "Tcreate tag 5 fid 9 name new perm 020000000755 mode 0",
            hex: "15000000 72 0500 0900000003006e6577ed01008000"
        ),
        Vector(
            dialect: .plain,
            line: "Rcreate tag 5 qid (0000000000000002 1 ) iounit 0",
            hex: "18000000 73 0500 0001000000020000000000000000000000"
        ),
        Vector(
            dialect: .plain,
            line: "Tstat tag 8 fid 4",
            hex: "0b000000 7c 0800 04000000"
        ),
        Vector(
            dialect: .plain,
            line: "Rstat tag 8 stat 'note' 'root' 'wheel' '' q (0000000000000002 1 ) m 0644 at "
                + "10 mt 20 l 5 t 0 d 0",
            hex: "47000000 7d 0800 3e003c0000000000000000010000000200000000000000a40100000a000"
                + "00014000000050000000000000004006e6f74650400726f6f740500776865656c0000"
        ),
        Vector(
            dialect: .plain,
            line: "Twstat tag 8 fid 4 stat 'name' '' '' '' q (ffffffffffffffff 4294967295 0xff)"
                + " m ~0 at ~0 mt ~0 l ~0 t ~0 d ~0",
            hex: "42000000 7e 0800 0400000035003300fffffffffffffffffffffffffffffffffffffffffff"
                + "fffffffffffffffffffffffffffffffffff04006e616d65000000000000"
        ),
        Vector(
            dialect: .plain,
            line: "Rwstat tag 8",
            hex: "07000000 7f 0800"
        ),
    ]

    static let unix: [Vector] = [
        Vector(
            dialect: .unix,
            line: "Tauth tag 1 afid 3 uname glenda aname '' n_uname 1000",
            hex: "19000000 66 0100 030000000600676c656e64610000e8030000"
        ),
        Vector(
            dialect: .unix,
            line: "Tattach tag 1 fid 1 afid ~0 uname '' aname main n_uname ~0",
            hex: "1b000000 68 0100 01000000ffffffff000004006d61696effffffff"
        ),
        Vector(
            dialect: .unix,
            line: "Rerror tag 2 ename 'permission denied' errno 13",
            hex: "1e000000 6b 0200 11007065726d697373696f6e2064656e6965640d000000"
        ),
        Vector(
            dialect: .unix,
            line: "Tcreate tag 5 fid 9 name ln perm 0200000777 mode 0 extension ../x",
            hex: "1a000000 72 0500 0900000002006c6eff0100020004002e2e2f78"
        ),
        Vector(
            dialect: .unix,
            line: "Rstat tag 8 stat 'note' 'root' 'wheel' 'x' q (0000000000000002 1 ) m 0644 at"
                + " 10 mt 20 l 5 t 0 d 0 extension '' n_uid 0 n_gid 10 n_muid ~0",
            hex: "56000000 7d 0800 4d004b0000000000000000010000000200000000000000a40100000a000"
                + "00014000000050000000000000004006e6f74650400726f6f740500776865656c01007800000"
                + "00000000a000000ffffffff"
        ),
        Vector(
            dialect: .unix,
            line: "Twstat tag 8 fid 4 stat 'null' 'a' 'b' 'c' q (0000000000000002 1 ) m 0400006"
                + "00 at 1 mt 2 l 0 t 0 d 0 extension 'c 1 3' n_uid 1 n_gid 2 n_muid 3",
            hex: "58000000 7e 0800 040000004b0049000000000000000001000000020000000000000080018"
                + "0000100000002000000000000000000000004006e756c6c01006101006201006305006320312"
                + "033010000000200000003000000"
        ),
    ]

    static let linux: [Vector] = [
        Vector(
            dialect: .linux,
            line: "Rauth tag 1 aqid (0000000000000001 0 A)",
            hex: "14000000 67 0100 08000000000100000000000000"
        ),
        Vector(
            dialect: .linux,
            line: "Tattach tag 1 fid 1 afid ~0 uname '' aname '' n_uname 0",
            hex: "17000000 68 0100 01000000ffffffff0000000000000000"
        ),
        Vector(
            dialect: .linux,
            line: "Rattach tag 1 qid (1122334455667788 7 d)",
            hex: "14000000 69 0100 80070000008877665544332211"
        ),
        Vector(
            dialect: .linux,
            line: "Tflush tag 3 oldtag 2",
            hex: "09000000 6c 0300 0200"
        ),
        Vector(
            dialect: .linux,
            line: "Rflush tag 3",
            hex: "07000000 6d 0300"
        ),
        Vector(
            dialect: .linux,
            line: "Twalk tag 4 fid 1 newfid 2 nwname 2 0:usr 1:bin",
            hex: "1b000000 6e 0400 010000000200000002000300757372030062696e"
        ),
        Vector(
            dialect: .linux,
            line: "Rwalk tag 4 nwqid 2 0:(1122334455667788 7 d) 1:(0000000000000002 1 )",
            hex: "23000000 6f 0400 02008007000000887766554433221100010000000200000000000000"
        ),
        Vector(
            dialect: .linux,
            line: "Tread tag 6 fid 1 offset 4294967298 count 4096",
            hex: "17000000 74 0600 01000000020000000100000000100000"
        ),
        Vector(
            dialect: .linux,
            line: "Rread tag 6 count 3 'abc'",
            hex: "0e000000 75 0600 03000000616263"
        ),
        Vector(
            dialect: .linux,
            line: #"Twrite tag 6 fid 1 offset 5 count 6 'it''s\x00\xff'"#,
            hex: "1d000000 76 0600 010000000500000000000000060000006974277300ff"
        ),
        Vector(
            dialect: .linux,
            line: "Rwrite tag 6 count 6",
            hex: "0b000000 77 0600 06000000"
        ),
        Vector(
            dialect: .linux,
            line: "Tclunk tag 7 fid 1",
            hex: "0b000000 78 0700 01000000"
        ),
        Vector(
            dialect: .linux,
            line: "Rclunk tag 7",
            hex: "07000000 79 0700"
        ),
        Vector(
            dialect: .linux,
            line: "Tremove tag 7 fid 1",
            hex: "0b000000 7a 0700 01000000"
        ),
        Vector(
            dialect: .linux,
            line: "Rremove tag 7",
            hex: "07000000 7b 0700"
        ),
        Vector(
            dialect: .linux,
            line: "Rlerror tag 9 ecode 2",
            hex: "0b000000 07 0900 02000000"
        ),
        Vector(
            dialect: .linux,
            line: "Tstatfs tag 9 fid 1",
            hex: "0b000000 08 0900 01000000"
        ),
        Vector(
            dialect: .linux,
            line: "Rstatfs tag 9 type 16914839 bsize 4096 blocks 1 bfree 2 bavail 3 files 4 ffr"
                + "ee 5 fsid 6 namelen 255",
            hex: "43000000 09 0900 97190201001000000100000000000000020000000000000003000000000"
                + "00000040000000000000005000000000000000600000000000000ff000000"
        ),
        Vector(
            dialect: .linux,
            line: "Tlopen tag 9 fid 1 flags 32768",
            hex: "0f000000 0c 0900 0100000000800000"
        ),
        Vector(
            dialect: .linux,
            line: "Rlopen tag 9 qid (0000000000000002 1 ) iounit 0",
            hex: "18000000 0d 0900 0001000000020000000000000000000000"
        ),
        Vector(
            dialect: .linux,
            line: "Tlcreate tag 9 fid 1 name new flags 65 mode 0644 gid 100",
            hex: "1c000000 0e 0900 0100000003006e657741000000a401000064000000"
        ),
        Vector(
            dialect: .linux,
            line: "Rlcreate tag 9 qid (0000000000000002 1 ) iounit 1",
            hex: "18000000 0f 0900 0001000000020000000000000001000000"
        ),
        Vector(
            dialect: .linux,
            line: "Tsymlink tag 9 fid 1 name ln symtgt /etc gid 0",
            hex: "19000000 10 0900 0100000002006c6e04002f65746300000000"
        ),
        Vector(
            dialect: .linux,
            line: "Rsymlink tag 9 qid (0000000000000003 1 L)",
            hex: "14000000 11 0900 02010000000300000000000000"
        ),
        Vector(
            dialect: .linux,
            line: "Tmknod tag 9 dfid 1 name null mode 020666 major 1 minor 3 gid 0",
            hex: "21000000 12 0900 0100000004006e756c6cb6210000010000000300000000000000"
        ),
        Vector(
            dialect: .linux,
            line: "Rmknod tag 9 qid (0000000000000002 1 )",
            hex: "14000000 13 0900 00010000000200000000000000"
        ),
        Vector(
            dialect: .linux,
            line: "Trename tag 9 fid 1 dfid 2 name to",
            hex: "13000000 14 0900 01000000020000000200746f"
        ),
        Vector(
            dialect: .linux,
            line: "Rrename tag 9",
            hex: "07000000 15 0900"
        ),
        Vector(
            dialect: .linux,
            line: "Treadlink tag 9 fid 1",
            hex: "0b000000 16 0900 01000000"
        ),
        Vector(
            dialect: .linux,
            line: "Rreadlink tag 9 target '../a b'",
            hex: "0f000000 17 0900 06002e2e2f612062"
        ),
        Vector(
            dialect: .linux,
            line: "Tgetattr tag 9 fid 1 request_mask 6143",
            hex: "13000000 18 0900 01000000ff17000000000000"
        ),
        Vector(
            dialect: .linux,
            line: "Rgetattr tag 9 valid 2047 qid (0000000000000002 1 ) mode 0100644 uid 1 gid 2"
                + " nlink 3 rdev 4 size 5 blksize 6 blocks 7 atime_sec 8 atime_nsec 9 mtime_sec"
                + " 10 mtime_nsec 11 ctime_sec 12 ctime_nsec 13 btime_sec 14 btime_nsec 15 gen "
                + "16 data_version 17",
            hex: "a0000000 19 0900 ff0700000000000000010000000200000000000000a4810000010000000"
                + "2000000030000000000000004000000000000000500000000000000060000000000000007000"
                + "00000000000080000000000000009000000000000000a000000000000000b000000000000000"
                + "c000000000000000d000000000000000e000000000000000f000000000000001000000000000"
                + "0001100000000000000"
        ),
        Vector(
            dialect: .linux,
            line: "Tsetattr tag 9 fid 1 valid 511 mode 0600 uid 5 gid 6 size 7 atime_sec 8 atim"
                + "e_nsec 9 mtime_sec 10 mtime_nsec 11",
            hex: "43000000 1a 0900 01000000ff0100008001000005000000060000000700000000000000080"
                + "000000000000009000000000000000a000000000000000b00000000000000"
        ),
        Vector(
            dialect: .linux,
            line: "Rsetattr tag 9",
            hex: "07000000 1b 0900"
        ),
        Vector(
            dialect: .linux,
            line: "Txattrwalk tag 9 fid 1 newfid 2 name user.k",
            hex: "17000000 1e 0900 01000000020000000600757365722e6b"
        ),
        Vector(
            dialect: .linux,
            line: "Rxattrwalk tag 9 size 12",
            hex: "0f000000 1f 0900 0c00000000000000"
        ),
        Vector(
            dialect: .linux,
            line: "Txattrcreate tag 9 fid 1 name user.k attr_size 12 flags 1",
            hex: "1f000000 20 0900 010000000600757365722e6b0c0000000000000001000000"
        ),
        Vector(
            dialect: .linux,
            line: "Rxattrcreate tag 9",
            hex: "07000000 21 0900"
        ),
        Vector(
            dialect: .linux,
            line: "Treaddir tag 9 fid 1 offset 99 count 8168",
            hex: "17000000 28 0900 010000006300000000000000e81f0000"
        ),
        Vector(
            dialect: .linux,
            line: #"Rreaddir tag 9 count 25 '\x00\x01\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x0"#
                + #"0\x01\x00\x00\x00\x00\x00\x00\x00\x08\x01\x00a'"#,
            hex: "24000000 29 0900 1900000000010000000200000000000000010000000000000008010061"
        ),
        Vector(
            dialect: .linux,
            line: "Tfsync tag 9 fid 1 datasync 1",
            hex: "0f000000 32 0900 0100000001000000"
        ),
        Vector(
            dialect: .linux,
            line: "Rfsync tag 9",
            hex: "07000000 33 0900"
        ),
        Vector(
            dialect: .linux,
            line: "Tlock tag 9 fid 1 type 1 flags 1 start 2 length 3 proc_id 4 client_id host",
            hex: "2a000000 34 0900 01000000010100000002000000000000000300000000000000040000000"
                + "400686f7374"
        ),
        Vector(
            dialect: .linux,
            line: "Rlock tag 9 status 1",
            hex: "08000000 35 0900 01"
        ),
        Vector(
            dialect: .linux,
            line: "Tgetlock tag 9 fid 1 type 0 start 2 length 3 proc_id 4 client_id host",
            hex: "26000000 36 0900 010000000002000000000000000300000000000000040000000400686f7"
                + "374"
        ),
        Vector(
            dialect: .linux,
            line: "Rgetlock tag 9 type 2 start 2 length 3 proc_id 4 client_id host",
            hex: "22000000 37 0900 0202000000000000000300000000000000040000000400686f7374"
        ),
        Vector(
            dialect: .linux,
            line: "Tlink tag 9 dfid 1 fid 2 name more",
            hex: "15000000 46 0900 010000000200000004006d6f7265"
        ),
        Vector(
            dialect: .linux,
            line: "Rlink tag 9",
            hex: "07000000 47 0900"
        ),
        Vector(
            dialect: .linux,
            line: "Tmkdir tag 9 dfid 1 name d mode 0755 gid 0",
            hex: "16000000 48 0900 01000000010064ed01000000000000"
        ),
        Vector(
            dialect: .linux,
            line: "Rmkdir tag 9 qid (1122334455667788 7 d)",
            hex: "14000000 49 0900 80070000008877665544332211"
        ),
        Vector(
            dialect: .linux,
            line: "Trenameat tag 9 olddirfid 1 oldname a newdirfid 2 newname b",
            hex: "15000000 4a 0900 0100000001006102000000010062"
        ),
        Vector(
            dialect: .linux,
            line: "Rrenameat tag 9",
            hex: "07000000 4b 0900"
        ),
        Vector(
            dialect: .linux,
            line: "Tunlinkat tag 9 dirfd 1 name a flags 512",
            hex: "12000000 4c 0900 0100000001006100020000"
        ),
        Vector(
            dialect: .linux,
            line: "Runlinkat tag 9",
            hex: "07000000 4d 0900"
        ),
    ]
}
