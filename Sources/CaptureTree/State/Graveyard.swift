/// Keeps the last objects that have lost their names, so that whoever comes to ask for them a
/// little later still finds them.
///
/// Objects with bytes of their own occupy the disk: of those only few are kept.
struct Graveyard {
    private var rows = [Row(room: 1 << 16), Row(room: 1 << 8)]

    /// A ring of objects.
    private struct Row {
        let room: Int
        var graves: [CaptureObject] = []
        var oldest = 0

        mutating func bury(_ object: CaptureObject) {
            if graves.count < room {
                graves.append(object)
            } else {
                graves[oldest] = object
                oldest = (oldest + 1) % room
            }
        }
    }

    mutating func bury(_ object: CaptureObject) { rows[object.hasData ? 1 : 0].bury(object) }
}
