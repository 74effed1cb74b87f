/// What runs, as metrics and the admin service say it.
public enum Version {
    public static let current = "1.0.0"
}
