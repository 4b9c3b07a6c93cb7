import FoundationEssentials
import MartletPostgres
import MartletProjections
import MartletStreamingLog

/// What all that this process does for one consumer has in common.
struct ConsumerSurroundings: Sendable {
    let declaration: ConsumerDeclaration
    let log: any StreamingLog
    let pool: ConnectionPool
    let schema: SQLIdentifier
    let incidents: IncidentReport
    let outages: Outages
    let steps: ConsumerSteps
    /// How long what goes on behind the messages may fail before an operator is told.
    let patience: Duration
    /// Woken when there are dead letters to send.
    let deaths = AppendSignal()
    /// Who this process is among those that send dead letters.
    let member = UUID()

    init(
        _ declaration: ConsumerDeclaration, log: any StreamingLog, pool: ConnectionPool, schema: SQLIdentifier,
        incidents: IncidentReport, steps: ConsumerSteps, patience: Duration
    ) {
        (self.declaration, self.log, self.pool, self.schema) = (declaration, log, pool, schema)
        (self.incidents, self.steps, self.patience) = (incidents, steps, patience)
        outages = Outages(consumer: declaration.name, pool: pool, schema: schema, incidents: incidents)
    }

    func tell(_ kind: ProjectionIncident.Kind, _ problem: String) {
        incidents.tell(
            ProjectionIncident(kind: kind, of: .consumer, projection: declaration.name, problem: problem))
    }
}
