extension Explanation {
    /// Composes the lines between two states under one policy.
    struct Composer {
        private(set) var lines: [Line] = []
        private let policy: Policy
        private let elapsed: Double
        private let end: Instant
        private let old: RelationshipState
        private let new: RelationshipState
        private let oldWeighed: [WeighedEvidence]
        private let newWeighed: [WeighedEvidence]
        private let opinions: PerComponent<(before: Opinion, after: Opinion)>
        private let gradients: PerComponent<Gradient>

        init(_ old: RelationshipState, at from: Instant, _ new: RelationshipState, at to: Instant) {
            self.old = old
            self.new = new
            policy = old.policy
            elapsed = to.days(since: from)
            end = to
            oldWeighed = old.weigh(at: from)
            newWeighed = new.weigh(at: to)
            let before = old.components(of: old.totals(oldWeighed), at: from)
            let after = new.components(of: new.totals(newWeighed), at: to)
            let opinions = PerComponent(computing: { (before: before[$0].opinion, after: after[$0].opinion) })
            gradients = PerComponent(computing: { Gradient(from: opinions[$0].before, to: opinions[$0].after) })
            self.opinions = opinions
        }

        /// New events, events that went, and old events whose factors changed.
        mutating func explainEvents() {
            var former: [EventID: WeighedEvidence] = [:]
            for weighed in oldWeighed { former[old.open.evidence[weighed.index].id] = weighed }
            var buckets: [Cause: (component: Component, positive: Double, negative: Double)] = [:]
            var order: [Cause] = []
            for weighed in newWeighed {
                let event = new.open.evidence[weighed.index]
                guard let former = former.removeValue(forKey: event.id) else {
                    append(
                        .evidence(event.id, event.kind), event.component,
                        positive: decayed(weighed.positive(event), event),
                        negative: decayed(weighed.negative(event, policy), event))
                    continue
                }
                // s is mass · (flood · escalation) · (1 − q): of two factors that both change, each gets its share at
                // the other's mean, which is exact and takes no side.
                let base = decayed(weighed.mass * (1 - event.v) * policy[event.component].negativity, event)
                let scale = (former.flood * former.escalation, weighed.flood * weighed.escalation)
                let kept = (1 - former.repair, 1 - weighed.repair)
                let byScale = base * (scale.1 - scale.0) * (kept.0 + kept.1) / 2
                let byRepair = base * (kept.1 - kept.0) * (scale.0 + scale.1) / 2
                append(.repair(event.id, event.kind), event.component, positive: 0, negative: byRepair)
                if event.isBreach {
                    append(.reescalation(event.id, event.kind), event.component, positive: 0, negative: byScale)
                } else if scale.0 != scale.1 {
                    let cause = Cause.bucket(event.kind, sourceID: event.sourceID, day: event.occurredAt.utcDay)
                    if buckets[cause] == nil { order.append(cause) }
                    var bucket = buckets[cause] ?? (event.component, 0, 0)
                    bucket.positive += decayed(weighed.mass * (weighed.flood - former.flood) * event.v, event)
                    bucket.negative += byScale
                    buckets[cause] = bucket
                }
            }
            for cause in order {
                guard let bucket = buckets[cause] else { continue }
                append(cause, bucket.component, positive: bucket.positive, negative: bucket.negative)
            }
            for weighed in oldWeighed where former[old.open.evidence[weighed.index].id] != nil {
                let event = old.open.evidence[weighed.index]
                append(
                    .withdrawn(event.id, event.kind), event.component,
                    positive: -decayed(weighed.positive(event), event),
                    negative: -decayed(weighed.negative(event, policy), event))
            }
        }

        mutating func explainTimeAndBaseRate() {
            for component in Component.allCases {
                let (before, after) = opinions[component]
                let lost = DecayingSum.decay(days: elapsed, halfLife: policy[component].halfLife) - 1
                append(.timePassed, component, positive: before.positive * lost, negative: before.negative * lost)
                let moved = gradients[component].baseRate * (after.baseRate - before.baseRate)
                append(.baseRate, component, contribution: policy[component].share * moved)
            }
        }

        /// What the second policy makes of the last state, compared with the first.
        mutating func explainPolicy(_ profile: Profile, under second: Policy) {
            for component in Component.allCases {
                let chosen = second[component].share * profile.components[component].opinion.projected
                let former = policy[component].share * opinions[component].after.projected
                append(.policy, component, contribution: chosen - former)
            }
        }

        private func decayed(_ mass: Double, _ event: Evidence) -> Double {
            let age = end.days(since: event.occurredAt)
            return mass * DecayingSum.decay(days: age, halfLife: policy[event.component].halfLife)
        }

        private mutating func append(_ cause: Cause, _ component: Component, positive: Double, negative: Double) {
            let gradient = gradients[component]
            let contribution = positive * gradient.positive + negative * gradient.negative
            append(cause, component, contribution: policy[component].share * contribution)
        }

        /// Lines that say nothing are left out.
        private mutating func append(_ cause: Cause, _ component: Component, contribution: Double) {
            guard contribution != 0 else { return }
            lines.append(Line(component: component, cause: cause, contribution: contribution))
        }
    }
}
