// What an upcaster works on; the coders of MartletJSON stay out of an app's sight.
@_exported import struct MartletJSON.JSONNumber
@_exported import struct MartletJSON.JSONObject
@_exported import enum MartletJSON.JSONValue
