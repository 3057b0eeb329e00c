import FileTree

/// The distinct owners of an index; number 0 is 0:0 without names.
struct OwnerTable {
    struct Owner: Hashable {
        var uid: UInt32 = 0
        var gid: UInt32 = 0
        var user: [UInt8] = []
        var group: [UInt8] = []
    }

    struct Record {
        var uid, gid, userName, groupName: UInt32
    }

    private(set) var records = [Record(uid: 0, gid: 0, userName: 0, groupName: 0)]
    private var numbers: [Owner: UInt16] = [Owner(): 0]
    private var last = Owner()
    private var lastNumber: UInt16 = 0

    mutating func number(of member: Member, names: inout AuxPool) -> UInt16? {
        if member.uid == last.uid, member.gid == last.gid, member.userName == last.user,
            member.groupName == last.group
        {
            return lastNumber
        }
        last = Owner(
            uid: member.uid,
            gid: member.gid,
            user: member.userName,
            group: member.groupName
        )
        if let known = numbers[last] {
            lastNumber = known
            return known
        }
        guard records.count < 1 << 16, let user = names.add(name: last.user),
            let group = names.add(name: last.group)
        else {
            last = Owner()
            lastNumber = 0
            return nil
        }
        lastNumber = UInt16(records.count)
        records.append(
            Record(uid: last.uid, gid: last.gid, userName: user, groupName: group)
        )
        numbers[last] = lastNumber
        return lastNumber
    }
}
