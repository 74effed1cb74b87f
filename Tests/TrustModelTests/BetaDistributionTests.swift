import Testing

@testable import TrustModel

@Suite struct BetaDistributionTests {
    /// Quantiles by SciPy 1.17 (Boost), to 15 digits: probability, α, β, x.
    static let quantiles: [(Double, Double, Double, Double)] = [
        (0.05, 8, 2, 0.570864452968566),
        (0.95, 8, 2, 0.958976832493003),
        (0.05, 5.5, 5.5, 0.261922004046419),
        (0.5, 0.5, 0.5, 0.5),
        (0.05, 0.5, 0.5, 0.00615582970243114),
        (0.95, 1, 1, 0.95),
        (0.05, 0.1, 3.0, 2.3114271015088e-14),
        (0.95, 0.2, 0.3, 0.999234130524181),
        (0.05, 41.3, 12.7, 0.665337240562674),
        (0.95, 41.3, 12.7, 0.853049838985955),
        (0.05, 800.5, 120.25, 0.850697697123988),
        (0.95, 5000, 9000, 0.363815267939074),
        (0.05, 1, 7, 0.0073008319790147),
        (0.95, 2, 500, 0.00943348584147752),
        (1e-06, 12.0, 4.0, 0.199802447381564),
        (0.999, 1.5, 0.7, 0.999966904812113),
    ]

    @Test(arguments: quantiles) func quantile(_ known: (Double, Double, Double, Double)) {
        let x = BetaDistribution(alpha: known.1, beta: known.2).quantile(known.0)
        #expect(near(x, known.3, 1e-10))
        #expect(near(x / known.3, 1, 1e-9))
    }

    /// I_x(α, β) by mpmath with 30 digits: x, α, β, probability.
    static let probabilities: [(Double, Double, Double, Double)] = [
        (0.3, 8, 2, 0.000433026),
        (0.9, 8, 2, 0.774840978),
        (0.5, 0.5, 0.5, 0.5),
        (0.01, 0.1, 3, 0.72743419271660943),
        (0.75, 41.3, 12.7, 0.37881712462994),
        (0.87, 800.5, 120.25, 0.51196300985123794),
    ]

    @Test(arguments: probabilities) func cumulative(_ known: (Double, Double, Double, Double)) {
        #expect(near(BetaDistribution(alpha: known.1, beta: known.2).cumulative(known.0), known.3, 1e-12))
    }

    @Test func theQuantileInvertsTheDistribution() {
        var random = seeded()
        for _ in 0..<20_000 {
            let scale = [1.0, 20, 500].randomElement(using: &random)!
            let distribution = BetaDistribution(
                alpha: .random(in: 0.2...(scale * 4), using: &random), beta: .random(in: 0.2...scale, using: &random))
            let probability = Double.random(in: 0.001...0.999, using: &random)
            let x = distribution.quantile(probability)
            // Where x rounds to 1 the probability cannot be hit any better.
            let below = distribution.cumulative(x.nextDown.nextDown.nextDown.nextDown)
            let above = distribution.cumulative(x.nextUp.nextUp.nextUp.nextUp)
            #expect(probability > below - 1e-11 && probability < above + 1e-11)
        }
    }

    @Test func theEndsAndTheMirror() {
        let distribution = BetaDistribution(alpha: 3, beta: 7)
        #expect(distribution.cumulative(-1) == 0 && distribution.cumulative(2) == 1)
        #expect(distribution.quantile(0) == 0 && distribution.quantile(1) == 1)
        let mirror = BetaDistribution(alpha: 7, beta: 3)
        #expect(near(distribution.quantile(0.05), 1 - mirror.quantile(0.95), 1e-14))
    }
}
