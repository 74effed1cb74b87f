/// The services that keep data: all but the gateway. Each has a part in exports and erasures, and audit chains of its own.
public enum DataServices {
    public static let names = ["relationships", "feedback", "goals", "trust-scoring"]
}
