import CSchema
import Protobuf

extension DescriptorPool {
    /// Rapport's contract and all that it imports.
    public static let schema = DescriptorPool(embedded: schema_descriptor_set, count: schema_descriptor_set_size)
}
