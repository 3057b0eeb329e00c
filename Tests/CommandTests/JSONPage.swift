import Foundation
import Testing

/// What pak.json(6) says of objects: a table of members under each heading.
struct JSONPage {
    /// A member as the page has it: `from?  name`.
    struct Member {
        var name: String
        var type: String
        var isOptional: Bool
    }

    /// The members under each heading; two that have the same are one heading.
    private(set) var objects: [String: [Member]] = [:]
    /// What has been found in objects that were checked.
    private(set) var seen: Set<String> = []

    init() throws {
        let file = #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 }
        let text = try String(contentsOfFile: "\(file)/Sources/pak/pak.json.6", encoding: .utf8)
        var headings: [String] = []
        var isTable = false
        for line in text.split(separator: "\n") {
            if line.hasPrefix(".S") {
                headings =
                    line.hasPrefix(".SS ")
                    ? line.dropFirst(4).components(separatedBy: ", ") : []
            }
            if line.hasPrefix(".E") { isTable = line == ".EX" }
            guard isTable, !line.hasPrefix("."), !line.hasPrefix(" ") else { continue }
            let fields = line.components(separatedBy: "  ").filter { !$0.isEmpty }
                .map { $0.trimmingCharacters(in: .whitespaces) }
            for heading in headings {
                objects[heading, default: []].append(
                    Member(
                        name: fields[0].replacingOccurrences(of: "?", with: ""),
                        type: fields[1],
                        isOptional: fields[0].hasSuffix("?")
                    )
                )
            }
        }
    }

    /// All that objects can have: members, and what may be null.
    var all: Set<String> {
        Set(
            objects.flatMap { heading, members in
                members.flatMap { member in
                    let name = "\(heading).\(member.name)"
                    return member.type.hasSuffix(" or null") ? [name, name + "=null"] : [name]
                }
            }
        )
    }

    /// Checks every line that a verb printed, and what order its members are in.
    mutating func check(_ verb: String, _ text: String) throws {
        let lines = text.split(separator: "\n").map(String.init)
        #expect(!lines.isEmpty, "\(verb) printed nothing")
        for line in lines {
            let object = try JSONText.object(line)
            check(verb, object)
            var rest = line[...]
            for member in objects[verb] ?? [] {
                guard let key = Self.key(of: member, in: object) else { continue }
                let place = rest.range(of: "\"\(key)\":")
                #expect(place != nil, "\(verb): \(key) is not in its place: \(line)")
                if let place { rest = rest[place.upperBound...] }
            }
        }
    }

    private mutating func check(_ heading: String, _ object: [String: Any]) {
        guard let members = objects[heading] else {
            Issue.record("the page has no \(heading)")
            return
        }
        var left = Set(object.keys)
        for member in members {
            guard let key = Self.key(of: member, in: object), let value = object[key] else {
                #expect(member.isOptional, "\(heading): no \(member.name) in \(object)")
                continue
            }
            left.remove(key)
            seen.insert("\(heading).\(member.name)")
            var type = member.type
            if type.hasSuffix(" or null") {
                if value is NSNull {
                    seen.insert("\(heading).\(member.name)=null")
                    continue
                }
                type.removeLast(8)
            }
            check(value, type, "\(heading).\(member.name)")
        }
        #expect(left.isEmpty, "\(heading): not in the page: \(left.sorted())")
    }

    private mutating func check(_ value: Any, _ type: String, _ path: String) {
        // Truth is a number, too, to the parser.
        let number = (value as? NSNumber).map { String(cString: $0.objCType) }
        let isTruth = number == "c" || number == "B"
        switch type {
        case "text", "name": #expect(value is String, "\(path): \(value)")
        case "number": #expect(number != nil && !isTruth, "\(path): \(value)")
        case "truth": #expect(isTruth, "\(path): \(value)")
        case let list where list.hasPrefix("list of "):
            guard let values = value as? [Any] else {
                Issue.record("\(path): \(value)")
                return
            }
            let kind = String(list.dropFirst(8))
            for value in values {
                if let object = value as? [String: Any] {
                    check(kind, object)
                } else {
                    check(value, kind, path)
                }
            }
        default: Issue.record("\(path): the page has a type \(type)")
        }
    }

    /// What a member is called in an object; nil when it is not there.
    private static func key(of member: Member, in object: [String: Any]) -> String? {
        if object[member.name] != nil { return member.name }
        let other = member.name == "name" ? "hex" : "\(member.name)-hex"
        return member.type == "name" && object[other] != nil ? other : nil
    }
}
