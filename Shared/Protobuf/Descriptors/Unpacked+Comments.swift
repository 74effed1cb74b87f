import CDescriptor
import CProtobufC

extension Unpacked {
    /// What is written above each declaration, by its full name: `package.Message.field`, `package.Enum.VALUE`,
    /// `package.Service.Method`.
    static func comments(_ file: Google__Protobuf__FileDescriptorProto, _ package: String) -> [String: String] {
        guard let info = file.source_code_info?.pointee else { return [:] }
        var comments: [String: String] = [:]
        for index in 0..<info.n_location {
            guard let location = info.location[index]?.pointee, let comment = location.leading_comments else {
                continue
            }
            let path = UnsafeBufferPointer(start: location.path, count: location.n_path).map(Int.init)
            guard let name = name(at: path[...], in: file) else { continue }
            comments[package.isEmpty ? name : "\(package).\(name)"] = text(Reading.string(comment))
        }
        return comments
    }

    /// The declaration that a path of field numbers and indexes leads to (descriptor.proto, SourceCodeInfo.Location);
    /// nil for what has no name, such as an option.
    private static func name(at path: ArraySlice<Int>, in file: Google__Protobuf__FileDescriptorProto) -> String? {
        guard let (number, index, rest) = step(path) else { return nil }
        switch number {
        case 4: return element(file.message_type, file.n_message_type, index).flatMap { name(at: rest, in: $0) }
        case 5: return element(file.enum_type, file.n_enum_type, index).flatMap { name(at: rest, in: $0) }
        case 6:
            guard let service = element(file.service, file.n_service, index) else { return nil }
            guard let (number, index, _) = step(rest) else { return rest.isEmpty ? Reading.string(service.name) : nil }
            guard number == 2, let method = element(service.method, service.n_method, index) else { return nil }
            return "\(Reading.string(service.name)).\(Reading.string(method.name))"
        default: return nil
        }
    }

    private static func name(at path: ArraySlice<Int>, in message: Google__Protobuf__DescriptorProto) -> String? {
        let own = Reading.string(message.name)
        guard let (number, index, rest) = step(path) else { return path.isEmpty ? own : nil }
        let inner: String? =
            switch number {
            case 2: element(message.field, message.n_field, index).map { Reading.string($0.name) }
            case 3:
                element(message.nested_type, message.n_nested_type, index).flatMap { name(at: rest, in: $0) }
            case 4: element(message.enum_type, message.n_enum_type, index).flatMap { name(at: rest, in: $0) }
            default: nil
            }
        return inner.map { "\(own).\($0)" }
    }

    private static func name(at path: ArraySlice<Int>, in type: Google__Protobuf__EnumDescriptorProto) -> String? {
        let own = Reading.string(type.name)
        guard let (number, index, _) = step(path) else { return path.isEmpty ? own : nil }
        guard number == 2, let value = element(type.value, type.n_value, index) else { return nil }
        return "\(own).\(Reading.string(value.name))"
    }

    private static func step(_ path: ArraySlice<Int>) -> (number: Int, index: Int, rest: ArraySlice<Int>)? {
        guard path.count >= 2 else { return nil }
        return (path[path.startIndex], path[path.startIndex + 1], path.dropFirst(2))
    }

    private static func element<C>(
        _ c: UnsafeMutablePointer<UnsafeMutablePointer<C>?>?, _ count: Int, _ index: Int
    ) -> C? {
        index >= 0 && index < count ? c?[index]?.pointee : nil
    }

    /// Without the space that stands behind each `//`.
    private static func text(_ comment: String) -> String {
        let lines = comment.split(separator: "\n", omittingEmptySubsequences: false)
            .map { $0.hasPrefix(" ") ? $0.dropFirst() : $0 }
        return lines.joined(separator: "\n").trimmingSuffix { $0 == "\n" }
    }
}

extension String {
    fileprivate func trimmingSuffix(while isUnwanted: (Character) -> Bool) -> String {
        var text = self[...]
        while let last = text.last, isUnwanted(last) { text.removeLast() }
        return String(text)
    }
}
