/// One pair, its habits, and what is planted in it.
public struct Pair: Sendable {
    public let number: Int
    public let coach: Int
    public let coachee: Int
    public let cadenceDays: Int
    public let plantings: [Planting]
    public let weeks: Int

    let missed: Double
    let unexplained: Double
    let criticism: Double
    let leave: [Leave]
    let parameters: Parameters
    let dice: Dice

    init(number: Int, of organization: Organization, dice root: Dice) {
        let parameters = organization.parameters
        var dice = root
        self.number = number
        self.parameters = parameters
        coach = organization.coach(of: number)
        coachee = organization.coachee(of: number)
        weeks = parameters.weeks
        cadenceDays = [7, 14, 28][dice.choice(parameters.cadences)]
        missed = dice.beta(parameters.missed[0], parameters.missed[1])
        unexplained = dice.beta(parameters.unexplained[0], parameters.unexplained[1])
        criticism = dice.beta(parameters.criticism[0], parameters.criticism[1])
        var plantings: [Planting] = []
        func plant(_ kind: Planting.Kind, _ share: Double, size: Double = 0, rampShare: Double = 0) {
            let isPlanted = dice.happens(share)
            let start = dice.uniform(parameters.earliestStart...parameters.latestStart)
            let ramp = dice.happens(rampShare) ? 8.0 : 0
            if isPlanted { plantings.append(Planting(kind: kind, start: start, size: size, ramp: ramp)) }
        }
        plant(
            .inconsistency, parameters.inconsistencyShare, size: parameters.inconsistency,
            rampShare: parameters.rampShare)
        plant(.criticism, parameters.criticismShare, size: parameters.criticismOnly)
        plant(.opacity, parameters.opacityShare, size: parameters.opacity)
        plant(.silentChange, parameters.silentChangeShare)
        plant(.lapse, parameters.lapseShare)
        self.plantings = plantings
        leave = organization.leave(of: coach) + organization.leave(of: coachee)
        self.dice = dice.child(1)
    }

    func planting(_ kind: Planting.Kind) -> Planting? { plantings.first { $0.kind == kind } }
}
