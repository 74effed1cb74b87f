import CStandard
import Protobuf

extension DescriptorPool {
    /// The standard protos of this module.
    public static let standard = DescriptorPool(embedded: standard_descriptor_set, count: standard_descriptor_set_size)
}
