import FileTree

/// A layer's state as records: what its log is made of when it is written anew.
extension LayerState {
    /// Shows the fewest records that make a new state what this one is.
    ///
    /// The rules that every layer begins with are not among them, nor what has not been told yet.
    func forEachRecord(_ body: (Record) throws(FileError) -> Void) throws(FileError) {
        try body(.reset(next: next))
        for rule in rules.list.dropFirst(Rules.defaults.list.count) { try body(.rule(rule.line)) }
        let known = objects.values.sorted { $0.serial < $1.serial }
        var places: [Serial: LowerPlace] = [:]
        for object in known {
            var step = object.lower
            while let place = step, places[place.serial] == nil {
                places[place.serial] = place
                step = place.parent
            }
        }
        // A directory was touched before what is in it: its serial is the smaller one.
        for place in places.values.sorted(by: { $0.serial < $1.serial }) {
            guard let parent = place.parent else { continue }
            try body(.place(place.serial, in: parent.serial, name: place.name, place.mark))
        }
        for object in known {
            try body(.object(object.serial, object.state))
            let time = object.attributes.changed ?? Timestamp(seconds: 0)
            for (name, value) in object.extended.sorted(by: {
                $0.key.lexicographicallyPrecedes($1.key)
            }) {
                try body(.attribute(object.serial, name: name, value: value, at: time))
            }
            guard case .blocks(let map) = object.bytes else { continue }
            for range in map.ranges {
                let count = UInt64(range.count)
                try body(.blocks(object.serial, first: range.lowerBound, count: count))
            }
        }
        for directory in known {
            for slot in directory.entries.slots where slot.object != nil || slot.coversLower {
                try body(
                    .entry(
                        of: directory.serial,
                        name: slot.name,
                        slot.object?.serial,
                        coversLower: slot.coversLower,
                        isInPlace: slot.isInPlace
                    )
                )
            }
        }
        var told: Set<[UInt8]> = []
        for path in reads where told.insert(path).inserted { try body(.read(path: path)) }
        if isSealed { try body(.sealed) }
    }

    /// Carries one of those records out; what does not fit what there is, is passed over.
    mutating func restore(_ record: Record) {
        switch record {
        case .place(let serial, let parent, let name, let mark):
            next = max(next, Serial(number: serial.number + 1))
            guard let directory = places[parent], places[serial] == nil else { return }
            places[serial] = LowerPlace(serial, parent: directory, name: name, mark: mark)
        case .object(let serial, let state):
            next = max(next, Serial(number: serial.number + 1))
            restore(serial, state)
        case .entry(let parent, let name, let serial, let coversLower, let isInPlace):
            guard let directory = objects[parent], directory.type == .directory,
                directory.entries.place(name) == nil
            else { return }
            guard let serial else { return directory.entries.setHole(name) }
            guard let object = objects[serial], object !== root else { return }
            if object.type == .directory {
                guard object.names.isEmpty, !isWithin(directory, object) else { return }
            }
            enter(object, in: directory, name, coversLower: coversLower, isInPlace: isInPlace)
        default: break
        }
    }

    private mutating func restore(_ serial: Serial, _ state: ObjectState) {
        if serial == .root {
            root.changes = state.changes
            root.attributes = state.attributes
            return
        }
        guard objects[serial] == nil, state.links > 0 else { return }
        var lower: LowerPlace?
        if state.isLower {
            guard let place = places[serial], place.mark.type == state.type else { return }
            lower = place
        }
        let object = CaptureObject(
            serial,
            type: state.type,
            lower: lower,
            qidPath: lower?.mark.qidPath ?? qidPath(of: serial),
            links: state.links,
            era
        )
        object.changes = state.changes
        object.storedChanges = state.changes
        object.attributes = state.attributes
        object.device = state.device
        object.target = state.target
        switch state.type == .regular ? state.data : .lower {
        case .lower: break
        case .own(let size):
            object.bytes = .own
            object.storedSize = size
        case .blocks(let lowerSize, let size):
            object.bytes = .blocks(BlockMap(limit: lowerSize))
            object.storedSize = size
            object.mayBeSparse = true
        }
        objects[serial] = object
        guard lower != nil else { return }
        adopted[object.qidPath] = WeakObject(object: object)
        adoptions.increase()
    }

    /// More than the changes of a file that the log may not have been told of.
    private static var untoldChanges: UInt32 { 1 << 17 }

    /// Has the files' versions start above those of before.
    mutating func passOpening() {
        for object in objects.values where object.hasData { object.changes &+= Self.untoldChanges }
    }
}

extension CaptureObject {
    /// What a log that is written anew says of it.
    fileprivate var state: ObjectState {
        let data: ObjectState.DataState =
            switch bytes {
            case .lower: .lower
            case .own: .own(size: storedSize)
            case .blocks(let map): .blocks(lowerSize: map.limit, size: storedSize)
            }
        return ObjectState(
            type: type,
            isLower: lower != nil,
            links: links,
            changes: changes,
            attributes: attributes,
            device: device,
            target: target,
            data: data
        )
    }
}
