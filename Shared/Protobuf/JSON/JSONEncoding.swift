/// Turns a JSON tree into the wire bytes of a message.
struct JSONEncoding {
    let pool: DescriptorPool
    let options: JSONMapping.Options

    func message(_ value: JSONValue, _ type: String, depth: Int) throws(JSONError) -> [UInt8] {
        guard depth <= options.limits.depth else { throw JSONError("nested more than \(options.limits.depth) deep") }
        if WellKnown.isSpecial(type) { return try wellKnown(value, type, depth) }
        guard let descriptor = pool.messages[type] else { throw JSONError("the type \(type) is not known") }
        guard case .object(let object) = value else { throw JSONError("expected an object, found \(value.kind)") }
        return try fields(object.members, descriptor, depth)
    }

    private func fields(
        _ members: [JSONObject.Member], _ descriptor: MessageDescriptor, _ depth: Int
    ) throws(JSONError) -> [UInt8] {
        var given: [(field: FieldDescriptor, member: JSONObject.Member)] = []
        var numbers: Set<Int> = []
        var oneofs: [Int: String] = [:]
        for member in members {
            guard let field = descriptor.field(named: member.name) else {
                if options.ignoresUnknownFields { continue }
                throw JSONError("no such field", at: member.name)
            }
            guard numbers.insert(field.number).inserted else {
                throw JSONError("given twice, under both of its names", at: member.name)
            }
            if member.value == .null, field.isRepeated || !acceptsNull(field) { continue }
            if let oneof = field.oneof, let other = oneofs.updateValue(member.name, forKey: oneof) {
                throw JSONError("cannot be given together with \(other)", at: member.name)
            }
            given.append((field, member))
        }
        given.sort { $0.field.number < $1.field.number }
        var writer = WireWriter()
        for (field, member) in given {
            try JSONError.within(member.name) { () throws(JSONError) in
                try write(member.value, field, depth, into: &writer)
            }
        }
        return writer.bytes
    }

    private func acceptsNull(_ field: FieldDescriptor) -> Bool {
        field.typeName == WellKnown.value || field.typeName == WellKnown.nullValue
    }

    private func write(
        _ value: JSONValue, _ field: FieldDescriptor, _ depth: Int, into writer: inout WireWriter
    ) throws(JSONError) {
        guard field.isRepeated else {
            let content = try element(value, field, depth)
            // Without presence, a default is the same as nothing.
            if field.kind == .message || field.oneof != nil || !content.isDefault {
                writer.field(field.number, content)
            }
            return
        }
        if let entry = pool.messages[field.typeName], entry.isMapEntry {
            return try writeMap(value, field, entry, depth, into: &writer)
        }
        guard case .array(let elements) = value else { throw JSONError("expected a list, found \(value.kind)") }
        var packed = WireWriter()
        for (index, value) in elements.enumerated() {
            let content = try JSONError.within("[\(index)]") { () throws(JSONError) in
                if value == .null, !acceptsNull(field) { throw JSONError("null cannot stand in a list") }
                return try element(value, field, depth)
            }
            if field.isPackable { packed.content(content) } else { writer.field(field.number, content) }
        }
        if !packed.bytes.isEmpty { writer.field(field.number, packed.bytes) }
    }

    private func writeMap(
        _ value: JSONValue, _ field: FieldDescriptor, _ entry: MessageDescriptor, _ depth: Int,
        into writer: inout WireWriter
    ) throws(JSONError) {
        guard case .object(let object) = value else { throw JSONError("expected an object, found \(value.kind)") }
        guard let keyField = entry.field(1), let valueField = entry.field(2) else {
            throw JSONError("the type \(field.typeName) is not known")
        }
        for member in object.members {
            let bytes = try JSONError.within("[\"\(member.name)\"]") { () throws(JSONError) in
                if member.value == .null, !acceptsNull(valueField) { throw JSONError("null cannot stand in a map") }
                var pair = WireWriter()
                pair.field(1, try key(member.name, keyField.kind))
                pair.field(2, try element(member.value, valueField, depth))
                return pair.bytes
            }
            writer.field(field.number, bytes)
        }
    }

    private func key(_ name: String, _ kind: FieldDescriptor.Kind) throws(JSONError) -> WireContent {
        guard kind == .bool else { return try JSONScalar.content(.string(name), kind) }
        guard name == "true" || name == "false" else { throw JSONError("expected a key of true or false") }
        return .varint(name == "true" ? 1 : 0)
    }

    private func element(_ value: JSONValue, _ field: FieldDescriptor, _ depth: Int) throws(JSONError) -> WireContent {
        switch field.kind {
        case .message: .bytes(try message(value, field.typeName, depth: depth + 1))
        case .enum: .varint(UInt64(bitPattern: Int64(try number(value, ofEnum: field.typeName))))
        default: try JSONScalar.content(value, field.kind)
        }
    }

    private func number(_ value: JSONValue, ofEnum type: String) throws(JSONError) -> Int32 {
        switch value {
        case .null where type == WellKnown.nullValue: return 0
        case .string(let name):
            if let number = pool.enums[type]?.number(of: name) { return number }
            let names = (pool.enums[type]?.values ?? []).prefix(20).map(\.name).joined(separator: ", ")
            throw JSONError("no such value; expected one of \(names)")
        case .number(let text):
            guard let number = JSONNumber.integer(text).flatMap({ Int32(exactly: $0) }) else {
                throw JSONError("expected a 32-bit integer or a name")
            }
            return number
        default: throw JSONError("expected a name, found \(value.kind)")
        }
    }
}

// MARK: Types of google.protobuf with a form of their own

extension JSONEncoding {
    private func wellKnown(_ value: JSONValue, _ type: String, _ depth: Int) throws(JSONError) -> [UInt8] {
        var writer = WireWriter()
        switch type {
        case WellKnown.timestamp:
            guard case .string(let text) = value, let time = TimestampText.parse(text) else {
                throw JSONError("expected a time like \"2026-03-02T09:00:00Z\"")
            }
            writer.time(time)
        case WellKnown.duration:
            guard case .string(let text) = value, let time = DurationText.parse(text) else {
                throw JSONError("expected a duration like \"1.5s\"")
            }
            writer.time(time)
        case WellKnown.fieldMask:
            guard case .string(let text) = value else { throw JSONError("expected a string of field paths") }
            for part in text.isEmpty ? [] : text.split(separator: ",", omittingEmptySubsequences: false) {
                guard let path = WellKnown.snakeCase(part) else {
                    throw JSONError("expected lowerCamelCase field paths, separated by commas")
                }
                writer.field(1, path.utf8)
            }
        case WellKnown.struct: try structure(value, depth, into: &writer)
        case WellKnown.listValue: try list(value, depth, into: &writer)
        case WellKnown.value: try anything(value, depth, into: &writer)
        case WellKnown.any: return try any(value, depth)
        default:
            guard let kind = WellKnown.wrappers[type] else { throw JSONError("the type \(type) is not known") }
            let content = try JSONScalar.content(value, kind)
            if !content.isDefault { writer.field(1, content) }
        }
        return writer.bytes
    }

    private func structure(_ value: JSONValue, _ depth: Int, into writer: inout WireWriter) throws(JSONError) {
        guard case .object(let object) = value else { throw JSONError("expected an object, found \(value.kind)") }
        for member in object.members {
            let bytes = try JSONError.within(member.name) { () throws(JSONError) in
                var entry = WireWriter()
                entry.field(1, try JSONScalar.content(.string(member.name), .string))
                entry.field(2, try message(member.value, WellKnown.value, depth: depth + 1))
                return entry.bytes
            }
            writer.field(1, bytes)
        }
    }

    private func list(_ value: JSONValue, _ depth: Int, into writer: inout WireWriter) throws(JSONError) {
        guard case .array(let elements) = value else { throw JSONError("expected a list, found \(value.kind)") }
        for (index, element) in elements.enumerated() {
            let bytes = try JSONError.within("[\(index)]") { () throws(JSONError) in
                try message(element, WellKnown.value, depth: depth + 1)
            }
            writer.field(1, bytes)
        }
    }

    private func anything(_ value: JSONValue, _ depth: Int, into writer: inout WireWriter) throws(JSONError) {
        switch value {
        case .null: writer.field(1, .varint(0))
        case .number: writer.field(2, try JSONScalar.content(value, .double))
        case .string: writer.field(3, try JSONScalar.content(value, .string))
        case .bool(let bool): writer.field(4, .varint(bool ? 1 : 0))
        case .object: writer.field(5, try message(value, WellKnown.struct, depth: depth))
        case .array: writer.field(6, try message(value, WellKnown.listValue, depth: depth))
        }
    }

    private func any(_ value: JSONValue, _ depth: Int) throws(JSONError) -> [UInt8] {
        guard case .object(let object) = value else { throw JSONError("expected an object, found \(value.kind)") }
        if object.members.isEmpty { return [] }
        guard case .string(let url)? = object["@type"] else { throw JSONError("expected a type URL", at: "@type") }
        guard let slash = url.lastIndex(of: "/"), slash != url.startIndex else {
            throw JSONError("expected a type URL like type.googleapis.com/package.Message", at: "@type")
        }
        let type = String(url[url.index(after: slash)...])
        let rest = object.members.filter { $0.name != "@type" }
        let content: [UInt8]
        if WellKnown.isSpecial(type) {
            guard rest.count <= 1, let member = rest.first, member.name == "value" else {
                throw JSONError("expected a member value and no other", at: "value")
            }
            content = try JSONError.within("value") { () throws(JSONError) in
                try message(member.value, type, depth: depth + 1)
            }
        } else {
            guard pool.messages[type] != nil else { throw JSONError("the type \(type) is not known", at: "@type") }
            content = try message(.object(JSONObject(unique: rest)), type, depth: depth + 1)
        }
        var writer = WireWriter()
        writer.field(1, try JSONScalar.content(.string(url), .string))
        if !content.isEmpty { writer.field(2, content) }
        return writer.bytes
    }
}

extension WireWriter {
    fileprivate mutating func time(_ time: (seconds: Int64, nanos: Int32)) {
        if time.seconds != 0 { field(1, varint: UInt64(bitPattern: time.seconds)) }
        if time.nanos != 0 { field(2, varint: UInt64(bitPattern: Int64(time.nanos))) }
    }
}
