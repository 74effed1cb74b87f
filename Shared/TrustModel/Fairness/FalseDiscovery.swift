/// Many tests at once: of those called, how many may be wrong (Benjamini & Hochberg 1995).
public enum FalseDiscovery {
    /// Adjusted p-values, in the order of the given ones: a test is called at rate q when its value is at most q.
    public static func adjusted(_ pValues: [Double]) -> [Double] {
        let count = Double(pValues.count)
        var adjusted = pValues
        var smallest = 1.0
        for (rank, index) in pValues.indices.sorted(by: { pValues[$0] < pValues[$1] }).enumerated().reversed() {
            smallest = min(smallest, pValues[index] * count / Double(rank + 1))
            adjusted[index] = smallest
        }
        return adjusted
    }
}
