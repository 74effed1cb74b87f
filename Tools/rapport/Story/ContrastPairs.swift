import Schema

/// Three more pairs, so that the case study can be read against something (docs/domain.md rule 18).
extension Story {
    /// The same coach with somebody else: trust grows early and stays.
    static let strongPair = Story(
        id: "strong",
        trustor: Cast.strongCoachee,
        trustee: Cast.coach,
        programme: Cast.coaching,
        purpose: "Prepare for the first key accounts.",
        hour: 10,
        days: [
            StoryDay(-1, .plan(day: 0)),
            StoryDay(
                0, .held, .reflectBack("You want accounts that are larger than your present ones."), .plan(day: 14),
                .intent(day: 14, "Choose two accounts to grow."),
                .promise("account list", due: 13, "List the accounts that are free after the split.")),
            StoryDay(2, .pulse(.understood, 5), .pulse(.honest, 5), .pulse(.useful, 4), .pulse(.dependable, 4)),
            StoryDay(13, .kept("account list")),
            StoryDay(
                14, .held, .reflectBack("Size matters less to you than a buyer who plans ahead."),
                .decision("Two accounts, no more.", why: "Each needs a visit a month."),
                .advice("Ask for the yearly plan first.", teachBack: "Their plan before my offer."),
                .plan(day: 28), .intent(day: 28, "Read the first account plan."),
                .promise("plan template", due: 27, "Send the template of an account plan.")),
            StoryDay(16, .pulse(.understood, 5), .pulse(.honest, 5), .pulse(.useful, 5), .pulse(.dependable, 5)),
            StoryDay(27, .kept("plan template")),
            StoryDay(
                28, .held, .reflectBack("The plan made you see that the second account is not ready."),
                .decision("One account for now.", why: "The second one has no budget before spring."),
                .recognition("You gave up an account for a good reason.", impact: "It freed six days."),
                .plan(day: 42), .intent(day: 42, "Rehearse the first visit."),
                .promise("introductions", due: 41, "Introduce you to the service engineer of the account.")),
            StoryDay(30, .pulse(.understood, 5), .pulse(.honest, 5), .pulse(.useful, 5), .pulse(.dependable, 5)),
            StoryDay(41, .kept("introductions")),
            StoryDay(
                42, .held, .reflectBack("You fear the technical questions, not the buyer."),
                .advice("Take the engineer along.", teachBack: "I bring whoever can answer."),
                .plan(day: 56), .intent(day: 56, "Look at the visit."),
                .promise("visit notes", due: 55, "Send notes within a day of the visit.")),
            StoryDay(44, .pulse(.understood, 5), .pulse(.honest, 5), .pulse(.useful, 5), .pulse(.dependable, 5)),
            StoryDay(55, .kept("visit notes")),
            StoryDay(
                56, .held, .reflectBack("The visit went better than the rehearsal."),
                .decision("The next visit is yours alone.", why: "You led this one without needing me."),
                .recognition("You answered the hardest question yourself.", impact: "The engineer told it around."),
                .plan(day: 70), .intent(day: 70, "Prepare the offer."),
                .promise("offer review", due: 69, "Review the offer within two days.")),
            StoryDay(58, .pulse(.understood, 5), .pulse(.honest, 5), .pulse(.useful, 5), .pulse(.dependable, 5)),
            StoryDay(69, .kept("offer review")),
            StoryDay(
                70, .held, .reflectBack("You would rather lose the deal than promise a date that cannot be kept."),
                .advice("Name the date that you can keep and say why.", teachBack: "A late honest date wins."),
                .plan(day: 84)),
            StoryDay(72, .pulse(.understood, 5), .pulse(.honest, 5), .pulse(.useful, 5), .pulse(.dependable, 5)),
            StoryDay(84, .held, .reflectBack("You are ready to go on alone.")),
        ])

    /// The same coach in the first fortnight: too little to say anything yet.
    static let newPair = Story(
        id: "new",
        trustor: Cast.newCoachee,
        trustee: Cast.coach,
        programme: Cast.coaching,
        purpose: "Find a footing in the new territory.",
        offset: 77,
        hour: 14,
        days: [
            StoryDay(-1, .plan(day: 0, .listenFirst)),
            StoryDay(
                0, .held, .reflectBack("You know the products but nobody in the territory."), .plan(day: 7),
                .promise("contact list", due: 6, "Send the names of ten people to meet.")),
            StoryDay(2, .pulse(.understood, 4)),
            StoryDay(6, .kept("contact list")),
            StoryDay(7, .held),
        ])

    /// A mentor and a mentee, every fortnight; in days 35 to 48 the mentor is on leave and nothing happens.
    static let mentoringPair = Story(
        id: "mentoring",
        trustor: Cast.mentee,
        trustee: Cast.mentor,
        programme: Cast.mentoring,
        purpose: "Learn how key accounts are led.",
        hour: 16,
        days: [
            StoryDay(-1, .plan(day: 0)),
            StoryDay(
                0, .held, .reflectBack("You want to see how decisions are made, not how slides are."), .plan(day: 14),
                .promise("shadow day", due: 13, "Take you along for a day.")),
            StoryDay(3, .pulse(.understood, 4), .pulse(.honest, 4)),
            StoryDay(13, .kept("shadow day")),
            StoryDay(
                14, .held, .decision("We skip the product training.", why: "You know it better than I do."),
                .plan(day: 28), .promise("reading list", due: 27, "Send three texts worth your evenings.")),
            StoryDay(17, .pulse(.dependable, 4), .pulse(.useful, 4)),
            StoryDay(27, .kept("reading list")),
            StoryDay(
                28, .held, .reflectBack("The second text contradicted what you see at work."),
                .advice("Write down one surprise a week.", teachBack: "Collect what does not fit."),
                .plan(day: 56)),
            StoryDay(31, .pulse(.understood, 4), .pulse(.useful, 5)),
            StoryDay(
                56, .held, .recognition("Your list of surprises found a wrong price.", impact: "We corrected it."),
                .plan(day: 70), .promise("board seat", due: 69, "Get you a seat in the account review.")),
            StoryDay(59, .pulse(.honest, 4), .pulse(.dependable, 4)),
            StoryDay(69, .kept("board seat")),
            StoryDay(70, .held, .reflectBack("Half of the review was about people."), .plan(day: 84)),
            StoryDay(84, .held, .advice("Ask who loses when you win.", teachBack: "Look for the quiet no.")),
        ])

    static let all = [caseStudy, strongPair, newPair, mentoringPair]
}
