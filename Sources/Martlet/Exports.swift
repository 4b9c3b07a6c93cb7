// An app imports Martlet alone.
@_exported import MartletDomain
@_exported import MartletEventStore
@_exported import MartletMessaging
@_exported import MartletPostgres
@_exported import MartletProcesses
@_exported import MartletProjections
