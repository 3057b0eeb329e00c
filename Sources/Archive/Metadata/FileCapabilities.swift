import FileTree

/// A file's capabilities, from their text to the attribute that the kernel reads.
///
/// See cap_from_text(3) and capabilities(7).
enum FileCapabilities {
    /// In the kernel's order: the place is the bit.
    private static let names = [
        "chown", "dac_override", "dac_read_search", "fowner", "fsetid", "kill", "setgid", "setuid",
        "setpcap", "linux_immutable", "net_bind_service", "net_broadcast", "net_admin", "net_raw",
        "ipc_lock", "ipc_owner", "sys_module", "sys_rawio", "sys_chroot", "sys_ptrace", "sys_pacct",
        "sys_admin", "sys_boot", "sys_nice", "sys_resource", "sys_time", "sys_tty_config", "mknod",
        "lease", "audit_write", "audit_control", "setfcap", "mac_override", "mac_admin", "syslog",
        "wake_alarm", "block_suspend", "audit_read", "perfmon", "bpf", "checkpoint_restore",
    ]

    /// `security.capability` for text like `cap_net_raw,cap_net_admin=ep`; nil for none at all.
    ///
    /// Errors: `.malformed` with the text.
    static func attribute(_ text: String) throws(FileError) -> ExtendedAttribute? {
        var effective: UInt64 = 0
        var permitted: UInt64 = 0
        var inheritable: UInt64 = 0
        for clause in text.parts(at: " ") {
            let list = clause.prefix { !"=+-".contains($0) }
            var bits: UInt64 = 0
            let isAll = list.isEmpty || list == "all"
            for name in list.lowercased().parts(at: ",") where !isAll {
                guard name.utf8.starts(with: "cap_".utf8),
                    let bit = names.firstIndex(of: String(name.dropFirst(4)))
                else { throw FileError.malformed("capabilities \"\(text)\"") }
                bits |= 1 << UInt64(bit)
            }
            if isAll { bits = (1 << UInt64(names.count)) - 1 }
            var action: Character = "="
            for character in clause.dropFirst(list.count) {
                func apply(_ set: inout UInt64) { set = action == "-" ? set & ~bits : set | bits }
                switch character {
                case "=":
                    effective &= ~bits
                    permitted &= ~bits
                    inheritable &= ~bits
                    action = character
                case "+", "-": action = character
                case "e": apply(&effective)
                case "p": apply(&permitted)
                case "i": apply(&inheritable)
                default: throw FileError.malformed("capabilities \"\(text)\"")
                }
            }
        }
        if permitted | inheritable == 0 { return nil }
        // Version 2 of the attribute: the effective set is one bit for all.
        let words: [UInt32] = [
            0x0200_0000 | (effective == 0 ? 0 : 1),
            UInt32(truncatingIfNeeded: permitted), UInt32(truncatingIfNeeded: inheritable),
            UInt32(permitted >> 32), UInt32(inheritable >> 32),
        ]
        let value = words.flatMap { word in withUnsafeBytes(of: word.littleEndian, Array.init) }
        return ExtendedAttribute(name: Array("security.capability".utf8), value: value)
    }
}

extension ExtendedAttribute {
    /// The same as it is read within the user namespace whose root `user` is outside.
    ///
    /// Who reads capabilities from outside is told whose namespace they were given in: version 3
    /// is version 2 with the number of its root behind.
    public func within(namespaceOf user: UInt32) -> ExtendedAttribute {
        let root = withUnsafeBytes(of: user.littleEndian, Array.init)
        guard name.elementsEqual("security.capability".utf8), value.count == 24, value[3] == 3,
            user != 0, value[20...].elementsEqual(root)
        else { return self }
        return ExtendedAttribute(name: name, value: value[..<3] + [2] + value[4..<20])
    }
}
