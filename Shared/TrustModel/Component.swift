/// What trust in a coach is made of: exactly four components (docs/domain.md §3.1, K2).
public enum Component: UInt8, CaseIterable, Sendable {
    case reliability
    case integrity
    case competence
    case empathy

    // The synthesised property would allocate an array at each use.
    public static let allCases: [Component] = [.reliability, .integrity, .competence, .empathy]

    /// The field's short name: REL, INT, COM, EMP.
    public var code: String {
        switch self {
        case .reliability: "REL"
        case .integrity: "INT"
        case .competence: "COM"
        case .empathy: "EMP"
        }
    }
}

/// One value for each component, stored without an allocation.
public struct PerComponent<Value> {
    public var reliability: Value
    public var integrity: Value
    public var competence: Value
    public var empathy: Value

    public init(reliability: Value, integrity: Value, competence: Value, empathy: Value) {
        self.reliability = reliability
        self.integrity = integrity
        self.competence = competence
        self.empathy = empathy
    }

    public init(repeating value: Value) {
        self.init(reliability: value, integrity: value, competence: value, empathy: value)
    }

    public init(computing value: (Component) -> Value) {
        self.init(
            reliability: value(.reliability), integrity: value(.integrity), competence: value(.competence),
            empathy: value(.empathy))
    }

    public subscript(component: Component) -> Value {
        _read {
            switch component {
            case .reliability: yield reliability
            case .integrity: yield integrity
            case .competence: yield competence
            case .empathy: yield empathy
            }
        }
        _modify {
            switch component {
            case .reliability: yield &reliability
            case .integrity: yield &integrity
            case .competence: yield &competence
            case .empathy: yield &empathy
            }
        }
    }
}

extension PerComponent: Sendable where Value: Sendable {}
extension PerComponent: Equatable where Value: Equatable {}
extension PerComponent: Hashable where Value: Hashable {}
