import FileTree

extension LayerState {
    /// Carries a record out.
    ///
    /// What a record names and the state does not know is passed over: the log it came from may
    /// name objects that have lost their last name since. So is what would make the tree no tree,
    /// which nobody writes who keeps the rules. `holder` is an object without a name.
    mutating func apply(_ record: Record, to holder: CaptureObject? = nil) {
        func find(_ serial: Serial) -> CaptureObject? {
            if let holder, holder.serial == serial { return holder }
            return objects[serial]
        }
        switch record {
        case .made(
            let serial,
            let type,
            let parent,
            let name,
            let new,
            let device,
            let detail,
            let time
        ):
            next = max(next, Serial(number: serial.number + 1))
            guard let directory = find(parent), canEnter(name, in: directory),
                objects[serial] == nil
            else { return }
            let object = make(serial, type, new, time)
            object.device = device
            object.target = detail
            enter(object, in: directory, name, isInPlace: false)
            directory.modify(time)
        case .adopted(let serial, let parent, let name, let mark):
            next = max(next, Serial(number: serial.number + 1))
            guard let directory = find(parent), canEnter(name, in: directory) else { return }
            adopt(serial, in: directory, name, mark)
        case .linked(let serial, let parent, let name, let time):
            guard let object = find(serial), object.type != .directory,
                let directory = find(parent), canEnter(name, in: directory)
            else { return }
            enter(object, in: directory, name, isInPlace: false)
            object.links += 1
            object.attributes.changed = time
            directory.modify(time)
        case .removed(let parent, let name, let time):
            guard let directory = find(parent) else { return }
            remove(name, from: directory, time)
            directory.modify(time)
        case .renamed(let from, let name, let to, let newName, let time):
            guard let source = find(from), let target = find(to) else { return }
            rename(name, of: source, to: target, newName, time)
        case .opened: passOpening()
        case .place, .object, .entry: restore(record)
        case .sealed: isSealed = true
        case .unsealed: isSealed = false
        case .read(let path): reads.append(path)
        case .rule(let line):
            // A line that cannot be read says nothing; it was checked before it was written.
            if rules.list.count < Rules.limit, let rule = try? Rules.Rule(line: line) {
                rules.append(rule)
            }
        case .reset(let next): reset(next)
        case .changed(let serial, _, _, _, _, _, _), .attribute(let serial, _, _, _),
            .ownData(let serial, _, _), .blockData(let serial, _, _, _), .blocks(let serial, _, _),
            .cut(let serial, _, _), .written(let serial, _), .stored(let serial, _, _):
            find(serial)?.apply(record)
        }
    }

    private func make(
        _ serial: Serial,
        _ type: FileType,
        _ new: NewAttributes,
        _ time: Timestamp
    ) -> CaptureObject {
        let object = CaptureObject(
            serial,
            type: type,
            lower: nil,
            qidPath: qidPath(of: serial),
            links: 1,
            era
        )
        object.attributes.permissions = new.permissions
        object.attributes.uid = new.uid
        object.attributes.gid = new.gid
        object.attributes.accessed = time
        object.attributes.modified = time
        object.attributes.changed = time
        if type == .regular {
            object.bytes = .own
            object.attributes.followsData = true
        }
        return object
    }

    private mutating func adopt(
        _ serial: Serial,
        in directory: CaptureObject,
        _ name: [UInt8],
        _ mark: LowerMark
    ) {
        if let object = objects[serial] {
            if object.type != .directory {
                enter(object, in: directory, name, isInPlace: true)
            }
            return
        }
        let place = LowerPlace(serial, parent: directory.lower, name: name, mark: mark)
        let object = CaptureObject(
            serial,
            type: mark.type,
            lower: place,
            qidPath: mark.qidPath,
            links: mark.type == .directory ? 1 : mark.links,
            era
        )
        enter(object, in: directory, name, isInPlace: true)
        adopted[mark.qidPath] = WeakObject(object: object)
        adoptions.increase()
    }

    /// Whether a name can be given in an object: it is a directory, and the name stands for nothing.
    private func canEnter(_ name: [UInt8], in directory: CaptureObject) -> Bool {
        guard directory.type == .directory else { return false }
        guard let place = directory.entries.place(name) else { return true }
        return directory.entries.slots[place].object == nil
    }

    mutating func enter(
        _ object: CaptureObject,
        in directory: CaptureObject,
        _ name: [UInt8],
        coversLower: Bool = false,
        isInPlace: Bool
    ) {
        let entry = CaptureEntry(name: name, in: directory.serial)
        objects[object.serial] = object
        object.names.append(entry)
        directory.entries.set(entry, to: object, coversLower: coversLower, isInPlace: isInPlace)
    }

    private mutating func remove(
        _ name: [UInt8],
        from directory: CaptureObject,
        _ time: Timestamp
    ) {
        guard let place = directory.entries.place(name),
            let (object, entry) = directory.entries.take(place)
        else { return }
        object.names.removeAll { $0 === entry }
        object.attributes.changed = time
        if object.links > 0 { object.links -= 1 }
        if object.links == 0 {
            objects[object.serial] = nil
            object.removal = data
            if object.isUnsettled { unsettled.removeAll { $0 === object } }
            if object.lower != nil { graves.bury(object) }
        }
    }

    private mutating func rename(
        _ name: [UInt8],
        of source: CaptureObject,
        to target: CaptureObject,
        _ newName: [UInt8],
        _ time: Timestamp
    ) {
        guard target.type == .directory, let place = source.entries.place(name),
            let moved = source.entries.slots[place].object,
            moved.type != .directory || !isWithin(target, moved),
            let (object, entry) = source.entries.take(place)
        else { return }
        remove(newName, from: target, time)
        entry.name = newName
        entry.parent = target.serial
        target.entries.set(entry, to: object, isInPlace: false)
        object.attributes.changed = time
        source.modify(time)
        if target !== source { target.modify(time) }
    }

    private mutating func reset(_ next: Serial) {
        self.next = next
        // A name of its own: the thread sanitizer's compiler fails on the other.
        let root = root
        era.isOver = true
        era = Era()
        root.era = era
        for object in objects.values where object !== root { object.links = 0 }
        objects = [.root: root]
        adopted = adopted.filter { $0.value.object === root }
        adoptions.increase()
        root.entries = NameTable()
        root.attributes = ObjectAttributes()
        root.extended = [:]
        root.changes &+= 1
        graves = Graveyard()
        unsettled = []
        places = [.root: root.lower].compactMapValues { $0 }
        reads = []
        readPaths = []
        isSealed = false
    }
}

extension CaptureObject {
    /// Carries out a record that is about this object alone.
    fileprivate func apply(_ record: Record) {
        switch record {
        case .changed(_, let permissions, let uid, let gid, let accessed, let modified, let time):
            set(permissions, uid, gid, accessed, modified)
            attributes.changed = time
        case .attribute(_, let name, let value, let time):
            // Of an object without a lower one there is nothing to be hidden.
            extended[name] = value == nil && lower == nil ? nil : .some(value)
            attributes.declared.insert(.extended)
            attributes.changed = time
        case .ownData(_, let size, let time):
            bytes = .own
            storedSize = size
            writtenFirst(time)
        case .blockData(_, let lowerSize, let size, let time):
            bytes = .blocks(BlockMap(limit: lowerSize))
            storedSize = size
            mayBeSparse = true
            writtenFirst(time)
        case .stored(_, let size, let count):
            storedSize = size
            storedChanges = count
            // Of a later time than those that the log tells one by one.
            if count &- changes < 1 << 31 { changes = count }
        case .blocks(_, let first, let count):
            guard case .blocks(var map) = bytes else { return }
            let (end, overflow) = first.addingReportingOverflow(count)
            map.insert(first..<(overflow ? .max : end))
            bytes = .blocks(map)
        case .cut(_, let size, let time):
            if case .blocks(var map) = bytes {
                map.cut(to: size)
                bytes = .blocks(map)
            }
            writtenFirst(time)
        case .written(_, let time): writtenFirst(time)
        default: break
        }
    }

    private func set(
        _ permissions: UInt32?,
        _ uid: UInt32?,
        _ gid: UInt32?,
        _ accessed: Timestamp?,
        _ modified: Timestamp?
    ) {
        if let permissions {
            attributes.permissions = permissions
            attributes.declared.insert(.mode)
        }
        if let uid {
            attributes.uid = uid
            attributes.declared.insert(.owner)
        }
        if let gid {
            attributes.gid = gid
            attributes.declared.insert(.group)
        }
        if let accessed { attributes.accessed = accessed }
        if let modified {
            attributes.modified = modified
            attributes.followsData = false
            attributes.declared.insert(.time)
        }
    }

    private func writtenFirst(_ time: Timestamp) {
        modify(time)
        attributes.followsData = true
        attributes.declared.remove(.time)
    }
}
