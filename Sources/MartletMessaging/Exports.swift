// Publications and consumers speak of topics and records.
@_exported import MartletStreamingLog
