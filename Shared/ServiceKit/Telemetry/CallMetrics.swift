import RPC

extension CallCounts {
    /// gRFC A66, "Server"; and those that run, which it leaves out.
    @Sendable func write(to families: inout MetricFamilies) {
        let methods = snapshot()
        families.family("grpc.server.call.started", .counter, unit: "{call}", "Calls that have begun.") { family in
            for method in methods { family.sample(Double(method.started), ["grpc.method": method.method]) }
        }
        let outcomes = methods.flatMap { method in method.outcomes.map { (method.method, $0) } }
        families.distribution(
            "grpc.server.call.duration", "s", "From the head of a call to its status; a stream counts when it ends.",
            outcomes, \.seconds)
        families.distribution(
            "grpc.server.call.sent_total_compressed_message_size", "By", "Messages sent in a call.", outcomes,
            \.sentBytes)
        families.distribution(
            "grpc.server.call.rcvd_total_compressed_message_size", "By", "Messages received in a call.", outcomes,
            \.receivedBytes)
        families.family("rapport_rpc_in_flight", .gauge, "Calls that have begun and not ended, streams too.") {
            family in
            for method in methods { family.sample(Double(method.running), ["rpc": method.method]) }
        }
    }
}

extension ClientCounts {
    /// gRFC A66, "Client per-attempt" and "Client per-call"; gRFC A96, retries.
    @Sendable func write(to families: inout MetricFamilies) async {
        let methods = await snapshot()
        func counter(_ name: String, _ unit: String, _ help: String, _ value: (MethodCount) -> UInt64) {
            families.family(name, .counter, unit: unit, help) { family in
                for method in methods where value(method) > 0 {
                    family.sample(
                        Double(value(method)), ["grpc.method": method.method, "grpc.target": method.target])
                }
            }
        }
        counter("grpc.client.attempt.started", "{attempt}", "Attempts that have begun.", \.attemptsStarted)
        counter("grpc.client.call.retries", "{retry}", "Attempts after one that had failed.", \.retries)
        counter(
            "grpc.client.call.transparent_retries", "{transparent_retry}",
            "Attempts after one that no server had seen.", \.transparentRetries)
        counter("grpc.client.call.hedges", "{hedge}", "Attempts beside one that had not been answered.", \.hedges)
        let attempts = methods.flatMap { method in method.attempts.map { (method, $0) } }
        func distribution(
            _ name: String, _ unit: String, _ help: String, _ outcomes: [(MethodCount, CallOutcomes)],
            _ value: (CallOutcomes) -> Histogram
        ) {
            families.family(name, .histogram, unit: unit, help) { family in
                for (method, outcome) in outcomes {
                    family.histogram(
                        value(outcome),
                        [
                            "grpc.method": method.method, "grpc.target": method.target,
                            "grpc.status": outcome.code.name,
                        ])
                }
            }
        }
        distribution("grpc.client.attempt.duration", "s", "From an attempt's begin to its status.", attempts, \.seconds)
        distribution(
            "grpc.client.attempt.sent_total_compressed_message_size", "By", "Messages sent in an attempt.", attempts,
            \.sentBytes)
        distribution(
            "grpc.client.attempt.rcvd_total_compressed_message_size", "By", "Messages received in an attempt.",
            attempts, \.receivedBytes)
        distribution(
            "grpc.client.call.duration", "s", "From a call's begin to its status, with all its attempts.",
            methods.flatMap { method in method.calls.map { (method, $0) } }, \.seconds)
    }
}

extension MetricFamilies {
    fileprivate mutating func distribution(
        _ name: String, _ unit: String, _ help: String, _ outcomes: [(method: String, outcome: CallOutcomes)],
        _ value: (CallOutcomes) -> Histogram
    ) {
        family(name, .histogram, unit: unit, help) { family in
            for (method, outcome) in outcomes {
                family.histogram(value(outcome), ["grpc.method": method, "grpc.status": outcome.code.name])
            }
        }
    }
}

extension MetricFamily {
    fileprivate mutating func histogram(_ histogram: Histogram, _ labels: KeyValuePairs<String, String>) {
        self.histogram(bounds: histogram.bounds, counts: histogram.counts, sum: histogram.sum, labels)
    }
}
