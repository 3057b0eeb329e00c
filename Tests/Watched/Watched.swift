import Glibc
public import Testing

/// Whether the suite runs under a sanitizer, where all takes five times as long: it is watched for
/// what it does to memory then, and what repeats the same steps is done less often.
public enum Watched {
    /// True where `mk asan` runs the suite.
    public static let isOn = getenv("PAK_WATCHED") != nil

    /// How many of a number of like cases are to be tried; one of so many.
    public static func some(_ count: Int, oneOf part: Int = 10) -> Int {
        isOn ? max(1, count / part) : count
    }

    /// How far it is from one of many like places to the next that is to be tried.
    public static let stride = isOn ? 7 : 1
}

extension Trait where Self == ConditionTrait {
    /// What runs the programs some fifty times for the texts that they print; what they do for it is
    /// watched where others run them.
    public static var unwatched: Self {
        .disabled(if: Watched.isOn, "it compares texts, and has no memory of its own to watch")
    }

    /// What counts calls: under a sanitizer they are its own, too.
    public static var uncounted: Self {
        .disabled(if: Watched.isOn, "a sanitizer makes system calls of its own")
    }
}
