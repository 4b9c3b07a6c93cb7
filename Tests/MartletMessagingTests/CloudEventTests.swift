import Foundation
import Martlet
import Testing

struct CloudEventTests {
    private let event = CloudEvent(
        id: "0197-1", source: "/shop/orders", type: "order.placed.v1", subject: "42",
        time: Date(timeIntervalSince1970: 1_763_000_000.25), dataschema: "https://shop.example/order.placed.v1",
        datacontenttype: "application/json", data: Array(#"{"total":1.50,"name":"Aino \"A\""}"#.utf8),
        extensions: ["traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"])

    @Test func `in binary mode the attributes are headers and the data is the value`() throws {
        let record = try event.record(key: Array("42".utf8))
        #expect(record.messageID == "0197-1")
        #expect(record.timestamp == event.time)
        #expect(record.key == Array("42".utf8))
        #expect(record.value == event.data)
        #expect(
            record.headers == [
                .init("ce_specversion", "1.0"), .init("ce_id", "0197-1"), .init("ce_source", "/shop/orders"),
                .init("ce_type", "order.placed.v1"), .init("ce_subject", "42"),
                .init("ce_time", "2025-11-13T02:13:20.250000Z"),
                .init("ce_dataschema", "https://shop.example/order.placed.v1"),
                .init("ce_traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
                .init("content-type", "application/json"),
            ])
        #expect(try CloudEvent(record) == event)
    }

    @Test func `in structured mode the value is one JSON object`() throws {
        let record = try event.record(mode: .structured)
        #expect(record.headers == [.init("content-type", "application/cloudevents+json; charset=UTF-8")])
        #expect(
            String(decoding: record.value ?? [], as: UTF8.self) == """
                {"specversion":"1.0","id":"0197-1","source":"/shop/orders","type":"order.placed.v1","subject":"42",\
                "time":"2025-11-13T02:13:20.250000Z","dataschema":"https://shop.example/order.placed.v1",\
                "traceparent":"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",\
                "datacontenttype":"application/json","data":{"total":1.50,"name":"Aino \\"A\\""}}
                """)
        #expect(try CloudEvent(record) == event)
    }

    @Test func `data that is no JSON stands in base64`() throws {
        var event = event
        (event.datacontenttype, event.data) = ("application/octet-stream", [0, 255, 7])
        let record = try event.record(mode: .structured)
        #expect(String(decoding: record.value ?? [], as: UTF8.self).contains(#""data_base64":"AP8H""#))
        #expect(try CloudEvent(record) == event)
    }

    @Test(arguments: [CloudEvent.Mode.binary, .structured])
    func `an event without anything that may be left out goes there and back`(mode: CloudEvent.Mode) throws {
        let event = CloudEvent(id: "1", source: "/", type: "t")
        #expect(try CloudEvent(event.record(mode: mode)) == event)
    }

    @Test func `an envelope of another make is read`() throws {
        let envelope = """
            { "data" : "<a/>", "datacontenttype": "text/xml", "specversion" : "1.0", "type" : "t", "source" : "/s",
              "id" : "A-1", "time" : "2018-04-05T17:31:00+02:00", "comexampleextension1" : 7, "flag": true, "none": null }
            """
        let event = try CloudEvent(structured(envelope, type: "Application/CloudEvents+JSON"))
        #expect(event.data == Array("<a/>".utf8))
        #expect(event.time == Date(timeIntervalSince1970: 1_522_942_260))
        #expect(event.extensions == ["comexampleextension1": "7", "flag": "true"])
    }

    private func structured(_ envelope: String, type: String = "application/cloudevents+json") -> Record {
        Record(value: Array(envelope.utf8), headers: [.init("content-type", type)])
    }

    @Test func `what is no event is refused with what was expected and found`() throws {
        let id = Record.Header("ce_id", "1")
        let (source, type) = (Record.Header("ce_source", "/"), Record.Header("ce_type", "t"))
        let version = Record.Header("ce_specversion", "1.0")
        func problem(_ headers: [Record.Header]) -> String? { self.problem(with: headers) }
        #expect(problem([]) == #"cloud event: attribute "specversion": expected a text, found none"#)
        #expect(
            problem([.init("ce_specversion", "0.3"), id, source, type])
                == #"cloud event: attribute "specversion": expected "1.0", found "0.3""#)
        #expect(problem([version, source, type]) == #"cloud event: attribute "id": expected a text, found none"#)
        #expect(
            problem([version, .init("ce_id", ""), source, type])
                == #"cloud event: attribute "id": expected a text, found an empty one"#)
        #expect(
            problem([version, id, .init("ce_source", [0xff]), type])
                == #"cloud event: header "ce_source": expected UTF-8, found other bytes"#)
        #expect(
            problem([version, id, source, type, .init("ce_time", "noon")])
                == #"cloud event: attribute "time": expected a time by RFC 3339, found "noon""#)
        #expect(
            problem([version, id, source, type, .init("ce_My-Own", "1")])
                == #"cloud event: attribute: expected a name of a-z and 0-9, found "My-Own""#)
        #expect(
            self.problem(structured("[]")) == "cloud event: envelope: expected a JSON object, found another value")
        #expect(
            self.problem(
                structured(#"{"specversion":"1.0","id":"1","source":"/","type":"t","data":1,"data_base64":""}"#))
                == "cloud event: envelope: expected either data or data_base64, found both")
        #expect(
            self.problem(structured("{}", type: "application/cloudevents-batch+json"))
                == #"cloud event: header "content-type": expected application/cloudevents+json, found "#
                + #""application/cloudevents-batch+json""#)
        #expect(self.problem(structured("{")) != nil)
        #expect(self.problem(structured(#"{"specversion":"1.0","id":{},"source":"/","type":"t"}"#)) != nil)
    }

    private func problem(with headers: [Record.Header]) -> String? { problem(Record(value: nil, headers: headers)) }

    private func problem(_ record: Record) -> String? {
        do {
            _ = try CloudEvent(record)
            return nil
        } catch { return error.description }
    }

    @Test func `an event that nobody could read is not written`() {
        #expect(throws: CloudEventError.self) { try CloudEvent(id: "", source: "/", type: "t").record() }
        #expect(throws: CloudEventError.self) {
            try CloudEvent(id: "1", source: "/", type: "t", extensions: ["Trace": "1"]).record()
        }
        #expect(throws: CloudEventError.self) {
            try CloudEvent(id: "1", source: "/", type: "t", extensions: ["id": "1"]).record()
        }
        #expect(throws: CloudEventError.self) {
            try CloudEvent(id: "1", source: "/", type: "t", data: Array("{".utf8)).record(mode: .structured)
        }
    }
}
