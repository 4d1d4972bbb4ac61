// Written by bin/generate/descriptors.mjs. DO NOT EDIT.

/* eslint-disable */
/** A schema: `base64` is its serialised google.protobuf.FileDescriptorProto. */
export interface SchemaFile {
  readonly name: string;
  readonly imports: readonly string[];
  readonly services: readonly string[];
  readonly symbols: readonly string[];
  readonly base64: string;
}

export const SCHEMA_FILES: readonly SchemaFile[] = [
  {
    "name": "dcache/v1/cluster.proto",
    "imports": [],
    "services": [
      "dcache.v1.Cluster"
    ],
    "symbols": [
      "dcache.v1.AddNodeRequest",
      "dcache.v1.AddNodeResponse",
      "dcache.v1.Cluster",
      "dcache.v1.Cluster.AddNode",
      "dcache.v1.Cluster.NodeStatus",
      "dcache.v1.Cluster.RemoveNode",
      "dcache.v1.Cluster.Status",
      "dcache.v1.NodeStatusRequest",
      "dcache.v1.NodeStatusResponse",
      "dcache.v1.RemoveNodeRequest",
      "dcache.v1.RemoveNodeResponse",
      "dcache.v1.StatusRequest",
      "dcache.v1.StatusResponse"
    ],
    "base64": "ChdkY2FjaGUvdjEvY2x1c3Rlci5wcm90bxIJZGNhY2hlLnYxIg8KDVN0YXR1c1JlcXVlc3QioAEKDlN0YXR1c1Jlc3BvbnNlEh0KCmNsdXN0ZXJfaWQYASABKAlSCWNsdXN0ZXJJZBISCgRtb2RlGAIgASgJUgRtb2RlEhYKBm5lZWRlZBgDIAEoDVIGbmVlZGVkEg4KAnVwGAQgASgNUgJ1cBIzCgVub2RlcxgFIAMoCzIdLmRjYWNoZS52MS5Ob2RlU3RhdHVzUmVzcG9uc2VSBW5vZGVzIhMKEU5vZGVTdGF0dXNSZXF1ZXN0ItsEChJOb2RlU3RhdHVzUmVzcG9uc2USFwoHbm9kZV9pZBgBIAEoCVIGbm9kZUlkEhcKB3JhZnRfaWQYAiABKARSBnJhZnRJZBIOCgJ1cBgDIAEoCFICdXASEAoDcGlkGAQgASgNUgNwaWQSJQoOY2xpZW50X2FkZHJlc3MYBSABKAlSDWNsaWVudEFkZHJlc3MSJwoPY29udHJvbF9hZGRyZXNzGAYgASgJUg5jb250cm9sQWRkcmVzcxIhCgxodHRwX2FkZHJlc3MYByABKAlSC2h0dHBBZGRyZXNzEhIKBHJvbGUYCCABKAlSBHJvbGUSEgoEdGVybRgJIAEoBFIEdGVybRIWCgZjb21taXQYCiABKARSBmNvbW1pdBIYCgdhcHBsaWVkGAsgASgEUgdhcHBsaWVkEhIKBGtleXMYDCABKARSBGtleXMSFAoFYnl0ZXMYDSABKARSBWJ5dGVzEhsKCXVwdGltZV9tcxgOIAEoBFIIdXB0aW1lTXMSFgoGbGVhZGVyGA8gASgJUgZsZWFkZXISGAoHdmVyc2lvbhgQIAEoCVIHdmVyc2lvbhIdCgpjbHVzdGVyX2lkGBEgASgJUgljbHVzdGVySWQSEgoEbW9kZRgSIAEoCVIEbW9kZRIfCgtub3Rfc2VydmluZxgTIAEoCVIKbm90U2VydmluZxIhCgxjbHVzdGVyX3NpemUYFCABKA1SC2NsdXN0ZXJTaXplEhYKBm5lZWRlZBgVIAEoDVIGbmVlZGVkEhwKCXJlYWNoYWJsZRgWIAEoDVIJcmVhY2hhYmxlIikKDkFkZE5vZGVSZXF1ZXN0EhcKB25vZGVfaWQYASABKAlSBm5vZGVJZCIRCg9BZGROb2RlUmVzcG9uc2UiLAoRUmVtb3ZlTm9kZVJlcXVlc3QSFwoHbm9kZV9pZBgBIAEoCVIGbm9kZUlkIhQKElJlbW92ZU5vZGVSZXNwb25zZTKgAgoHQ2x1c3RlchI9CgZTdGF0dXMSGC5kY2FjaGUudjEuU3RhdHVzUmVxdWVzdBoZLmRjYWNoZS52MS5TdGF0dXNSZXNwb25zZRJJCgpOb2RlU3RhdHVzEhwuZGNhY2hlLnYxLk5vZGVTdGF0dXNSZXF1ZXN0Gh0uZGNhY2hlLnYxLk5vZGVTdGF0dXNSZXNwb25zZRJACgdBZGROb2RlEhkuZGNhY2hlLnYxLkFkZE5vZGVSZXF1ZXN0GhouZGNhY2hlLnYxLkFkZE5vZGVSZXNwb25zZRJJCgpSZW1vdmVOb2RlEhwuZGNhY2hlLnYxLlJlbW92ZU5vZGVSZXF1ZXN0Gh0uZGNhY2hlLnYxLlJlbW92ZU5vZGVSZXNwb25zZWIGcHJvdG8z"
  },
  {
    "name": "dcache/v1/kv.proto",
    "imports": [],
    "services": [
      "dcache.v1.Kv"
    ],
    "symbols": [
      "dcache.v1.AppendRequest",
      "dcache.v1.AppendResponse",
      "dcache.v1.Condition",
      "dcache.v1.CountRequest",
      "dcache.v1.CountResponse",
      "dcache.v1.DeleteRequest",
      "dcache.v1.DeleteResponse",
      "dcache.v1.ErrorReply",
      "dcache.v1.ExpireRequest",
      "dcache.v1.ExpireResponse",
      "dcache.v1.FlushRequest",
      "dcache.v1.FlushResponse",
      "dcache.v1.GetRequest",
      "dcache.v1.GetResponse",
      "dcache.v1.IncrementRequest",
      "dcache.v1.IncrementResponse",
      "dcache.v1.InspectRequest",
      "dcache.v1.InspectResponse",
      "dcache.v1.Kv",
      "dcache.v1.Kv.Append",
      "dcache.v1.Kv.Count",
      "dcache.v1.Kv.Delete",
      "dcache.v1.Kv.Expire",
      "dcache.v1.Kv.Flush",
      "dcache.v1.Kv.Get",
      "dcache.v1.Kv.Increment",
      "dcache.v1.Kv.Inspect",
      "dcache.v1.Kv.Scan",
      "dcache.v1.Kv.Session",
      "dcache.v1.Kv.Set",
      "dcache.v1.KvReply",
      "dcache.v1.KvRequest",
      "dcache.v1.ScanEntry",
      "dcache.v1.ScanRequest",
      "dcache.v1.ScanResponse",
      "dcache.v1.SessionRequest",
      "dcache.v1.SessionResponse",
      "dcache.v1.SetRequest",
      "dcache.v1.SetResponse",
      "dcache.v1.Topology"
    ],
    "base64": "ChJkY2FjaGUvdjEva3YucHJvdG8SCWRjYWNoZS52MSJqCglDb25kaXRpb24SGAoGYWJzZW50GAEgASgISABSBmFic2VudBIaCgdwcmVzZW50GAIgASgISABSB3ByZXNlbnQSGgoHdmVyc2lvbhgDIAEoBEgAUgd2ZXJzaW9uQgsKCWNvbmRpdGlvbiIeCgpHZXRSZXF1ZXN0EhAKA2tleRgBIAEoDFIDa2V5IlMKC0dldFJlc3BvbnNlEhQKBWZvdW5kGAEgASgIUgVmb3VuZBIUCgV2YWx1ZRgCIAEoDFIFdmFsdWUSGAoHdmVyc2lvbhgDIAEoBFIHdmVyc2lvbiK5AQoKU2V0UmVxdWVzdBIQCgNrZXkYASABKAxSA2tleRIUCgV2YWx1ZRgCIAEoDFIFdmFsdWUSFQoGdHRsX21zGAMgASgEUgV0dGxNcxIZCghrZWVwX3R0bBgEIAEoCFIHa2VlcFR0bBIyCgljb25kaXRpb24YBSABKAsyFC5kY2FjaGUudjEuQ29uZGl0aW9uUgljb25kaXRpb24SHQoKcmV0dXJuX29sZBgGIAEoCFIJcmV0dXJuT2xkInsKC1NldFJlc3BvbnNlEhgKB2FwcGxpZWQYASABKAhSB2FwcGxpZWQSGAoHdmVyc2lvbhgCIAEoBFIHdmVyc2lvbhIbCglvbGRfZm91bmQYAyABKAhSCG9sZEZvdW5kEhsKCW9sZF92YWx1ZRgEIAEoDFIIb2xkVmFsdWUiVQoNRGVsZXRlUmVxdWVzdBIQCgNrZXkYASABKAxSA2tleRIyCgljb25kaXRpb24YAiABKAsyFC5kY2FjaGUudjEuQ29uZGl0aW9uUgljb25kaXRpb24iKgoORGVsZXRlUmVzcG9uc2USGAoHZGVsZXRlZBgBIAEoCFIHZGVsZXRlZCIiCg5JbnNwZWN0UmVxdWVzdBIQCgNrZXkYASABKAxSA2tleSKTAQoPSW5zcGVjdFJlc3BvbnNlEhQKBWZvdW5kGAEgASgIUgVmb3VuZBIYCgd2ZXJzaW9uGAIgASgEUgd2ZXJzaW9uEh8KC3ZhbHVlX2J5dGVzGAMgASgEUgp2YWx1ZUJ5dGVzEhgKB2V4cGlyZXMYBCABKAhSB2V4cGlyZXMSFQoGdHRsX21zGAUgASgEUgV0dGxNcyI4Cg1FeHBpcmVSZXF1ZXN0EhAKA2tleRgBIAEoDFIDa2V5EhUKBnR0bF9tcxgCIAEoBFIFdHRsTXMiKgoORXhwaXJlUmVzcG9uc2USGAoHY2hhbmdlZBgBIAEoCFIHY2hhbmdlZCI+ChBJbmNyZW1lbnRSZXF1ZXN0EhAKA2tleRgBIAEoDFIDa2V5EhgKBWRlbHRhGAIgASgSQgIwAVIFZGVsdGEiRwoRSW5jcmVtZW50UmVzcG9uc2USGAoFdmFsdWUYASABKBJCAjABUgV2YWx1ZRIYCgd2ZXJzaW9uGAIgASgEUgd2ZXJzaW9uIjcKDUFwcGVuZFJlcXVlc3QSEAoDa2V5GAEgASgMUgNrZXkSFAoFdmFsdWUYAiABKAxSBXZhbHVlIksKDkFwcGVuZFJlc3BvbnNlEh8KC3ZhbHVlX2J5dGVzGAEgASgEUgp2YWx1ZUJ5dGVzEhgKB3ZlcnNpb24YAiABKARSB3ZlcnNpb24idAoLU2NhblJlcXVlc3QSFgoGcHJlZml4GAEgASgMUgZwcmVmaXgSFgoGY3Vyc29yGAIgASgMUgZjdXJzb3ISFAoFbGltaXQYAyABKA1SBWxpbWl0Eh8KC3dpdGhfdmFsdWVzGAQgASgIUgp3aXRoVmFsdWVzImQKCVNjYW5FbnRyeRIQCgNrZXkYASABKAxSA2tleRIUCgV2YWx1ZRgCIAEoDFIFdmFsdWUSGAoHdmVyc2lvbhgDIAEoBFIHdmVyc2lvbhIVCgZ0dGxfbXMYBCABKARSBXR0bE1zIlYKDFNjYW5SZXNwb25zZRIuCgdlbnRyaWVzGAEgAygLMhQuZGNhY2hlLnYxLlNjYW5FbnRyeVIHZW50cmllcxIWCgZjdXJzb3IYAiABKAxSBmN1cnNvciIOCgxDb3VudFJlcXVlc3QiIwoNQ291bnRSZXNwb25zZRISCgRrZXlzGAEgASgEUgRrZXlzIg4KDEZsdXNoUmVxdWVzdCIpCg1GbHVzaFJlc3BvbnNlEhgKB3JlbW92ZWQYASABKARSB3JlbW92ZWQi2QQKCUt2UmVxdWVzdBIOCgJpZBgBIAEoBFICaWQSHQoKdGltZW91dF9tcxgCIAEoDVIJdGltZW91dE1zEhwKCWZvcndhcmRlZBgDIAEoCFIJZm9yd2FyZGVkEikKA2dldBgEIAEoCzIVLmRjYWNoZS52MS5HZXRSZXF1ZXN0SABSA2dldBIpCgNzZXQYBSABKAsyFS5kY2FjaGUudjEuU2V0UmVxdWVzdEgAUgNzZXQSMgoGZGVsZXRlGAYgASgLMhguZGNhY2hlLnYxLkRlbGV0ZVJlcXVlc3RIAFIGZGVsZXRlEjUKB2luc3BlY3QYByABKAsyGS5kY2FjaGUudjEuSW5zcGVjdFJlcXVlc3RIAFIHaW5zcGVjdBIyCgZleHBpcmUYCCABKAsyGC5kY2FjaGUudjEuRXhwaXJlUmVxdWVzdEgAUgZleHBpcmUSOwoJaW5jcmVtZW50GAkgASgLMhsuZGNhY2hlLnYxLkluY3JlbWVudFJlcXVlc3RIAFIJaW5jcmVtZW50EjIKBmFwcGVuZBgKIAEoCzIYLmRjYWNoZS52MS5BcHBlbmRSZXF1ZXN0SABSBmFwcGVuZBIsCgRzY2FuGAsgASgLMhYuZGNhY2hlLnYxLlNjYW5SZXF1ZXN0SABSBHNjYW4SLwoFY291bnQYDCABKAsyFy5kY2FjaGUudjEuQ291bnRSZXF1ZXN0SABSBWNvdW50Ei8KBWZsdXNoGA0gASgLMhcuZGNhY2hlLnYxLkZsdXNoUmVxdWVzdEgAUgVmbHVzaEIJCgdyZXF1ZXN0IjoKCkVycm9yUmVwbHkSEgoEY29kZRgBIAEoCVIEY29kZRIYCgdtZXNzYWdlGAIgASgJUgdtZXNzYWdlItEECgdLdlJlcGx5Eg4KAmlkGAEgASgEUgJpZBItCgVlcnJvchgCIAEoCzIVLmRjYWNoZS52MS5FcnJvclJlcGx5SABSBWVycm9yEioKA2dldBgEIAEoCzIWLmRjYWNoZS52MS5HZXRSZXNwb25zZUgAUgNnZXQSKgoDc2V0GAUgASgLMhYuZGNhY2hlLnYxLlNldFJlc3BvbnNlSABSA3NldBIzCgZkZWxldGUYBiABKAsyGS5kY2FjaGUudjEuRGVsZXRlUmVzcG9uc2VIAFIGZGVsZXRlEjYKB2luc3BlY3QYByABKAsyGi5kY2FjaGUudjEuSW5zcGVjdFJlc3BvbnNlSABSB2luc3BlY3QSMwoGZXhwaXJlGAggASgLMhkuZGNhY2hlLnYxLkV4cGlyZVJlc3BvbnNlSABSBmV4cGlyZRI8CglpbmNyZW1lbnQYCSABKAsyHC5kY2FjaGUudjEuSW5jcmVtZW50UmVzcG9uc2VIAFIJaW5jcmVtZW50EjMKBmFwcGVuZBgKIAEoCzIZLmRjYWNoZS52MS5BcHBlbmRSZXNwb25zZUgAUgZhcHBlbmQSLQoEc2NhbhgLIAEoCzIXLmRjYWNoZS52MS5TY2FuUmVzcG9uc2VIAFIEc2NhbhIwCgVjb3VudBgMIAEoCzIYLmRjYWNoZS52MS5Db3VudFJlc3BvbnNlSABSBWNvdW50EjAKBWZsdXNoGA0gASgLMhguZGNhY2hlLnYxLkZsdXNoUmVzcG9uc2VIAFIFZmx1c2hCBwoFcmVwbHkiQgoOU2Vzc2lvblJlcXVlc3QSMAoIcmVxdWVzdHMYASADKAsyFC5kY2FjaGUudjEuS3ZSZXF1ZXN0UghyZXF1ZXN0cyI4CghUb3BvbG9neRIUCgVub2RlcxgBIAMoCVIFbm9kZXMSFgoGbGVhZGVyGAIgASgJUgZsZWFkZXIiigEKD1Nlc3Npb25SZXNwb25zZRIsCgdyZXBsaWVzGAEgAygLMhIuZGNhY2hlLnYxLkt2UmVwbHlSB3JlcGxpZXMSLwoIdG9wb2xvZ3kYAiABKAsyEy5kY2FjaGUudjEuVG9wb2xvZ3lSCHRvcG9sb2d5EhgKB2Nsb3NpbmcYAyABKAhSB2Nsb3NpbmcyrgUKAkt2EjQKA0dldBIVLmRjYWNoZS52MS5HZXRSZXF1ZXN0GhYuZGNhY2hlLnYxLkdldFJlc3BvbnNlEjQKA1NldBIVLmRjYWNoZS52MS5TZXRSZXF1ZXN0GhYuZGNhY2hlLnYxLlNldFJlc3BvbnNlEj0KBkRlbGV0ZRIYLmRjYWNoZS52MS5EZWxldGVSZXF1ZXN0GhkuZGNhY2hlLnYxLkRlbGV0ZVJlc3BvbnNlEkAKB0luc3BlY3QSGS5kY2FjaGUudjEuSW5zcGVjdFJlcXVlc3QaGi5kY2FjaGUudjEuSW5zcGVjdFJlc3BvbnNlEj0KBkV4cGlyZRIYLmRjYWNoZS52MS5FeHBpcmVSZXF1ZXN0GhkuZGNhY2hlLnYxLkV4cGlyZVJlc3BvbnNlEkYKCUluY3JlbWVudBIbLmRjYWNoZS52MS5JbmNyZW1lbnRSZXF1ZXN0GhwuZGNhY2hlLnYxLkluY3JlbWVudFJlc3BvbnNlEj0KBkFwcGVuZBIYLmRjYWNoZS52MS5BcHBlbmRSZXF1ZXN0GhkuZGNhY2hlLnYxLkFwcGVuZFJlc3BvbnNlEjcKBFNjYW4SFi5kY2FjaGUudjEuU2NhblJlcXVlc3QaFy5kY2FjaGUudjEuU2NhblJlc3BvbnNlEjoKBUNvdW50EhcuZGNhY2hlLnYxLkNvdW50UmVxdWVzdBoYLmRjYWNoZS52MS5Db3VudFJlc3BvbnNlEjoKBUZsdXNoEhcuZGNhY2hlLnYxLkZsdXNoUmVxdWVzdBoYLmRjYWNoZS52MS5GbHVzaFJlc3BvbnNlEkQKB1Nlc3Npb24SGS5kY2FjaGUudjEuU2Vzc2lvblJlcXVlc3QaGi5kY2FjaGUudjEuU2Vzc2lvblJlc3BvbnNlKAEwAWIGcHJvdG8z"
  },
  {
    "name": "dcache/v1/raft.proto",
    "imports": [],
    "services": [
      "dcache.v1.Raft"
    ],
    "symbols": [
      "dcache.v1.HelloRequest",
      "dcache.v1.HelloResponse",
      "dcache.v1.JoinRequest",
      "dcache.v1.JoinResponse",
      "dcache.v1.MessagesReply",
      "dcache.v1.Raft",
      "dcache.v1.Raft.Hello",
      "dcache.v1.Raft.Join",
      "dcache.v1.Raft.Messages",
      "dcache.v1.Raft.Snapshot",
      "dcache.v1.RaftMessages",
      "dcache.v1.SnapshotPiece",
      "dcache.v1.SnapshotReply",
      "dcache.v1.Speaker"
    ],
    "base64": "ChRkY2FjaGUvdjEvcmFmdC5wcm90bxIJZGNhY2hlLnYxIvoCCgdTcGVha2VyEhcKB25vZGVfaWQYASABKAlSBm5vZGVJZBIXCgdyYWZ0X2lkGAIgASgEUgZyYWZ0SWQSHQoKY2x1c3Rlcl9pZBgDIAEoCVIJY2x1c3RlcklkEhIKBG1vZGUYBCABKAlSBG1vZGUSIAoLaW5jYXJuYXRpb24YBSABKARSC2luY2FybmF0aW9uEhoKCGZvdW5kZXJzGAYgASgJUghmb3VuZGVycxIaCghwcm90b2NvbBgHIAEoDVIIcHJvdG9jb2wSJQoOY2xpZW50X2FkZHJlc3MYCCABKAlSDWNsaWVudEFkZHJlc3MSJwoPY29udHJvbF9hZGRyZXNzGAkgASgJUg5jb250cm9sQWRkcmVzcxIhCgxodHRwX2FkZHJlc3MYCiABKAlSC2h0dHBBZGRyZXNzEiEKDGRhdGFfYWRkcmVzcxgLIAEoCVILZGF0YUFkZHJlc3MSDAoBaxgMIAEoDVIBaxIMCgFtGA0gASgNUgFtIjwKDEhlbGxvUmVxdWVzdBIsCgdzcGVha2VyGAEgASgLMhIuZGNhY2hlLnYxLlNwZWFrZXJSB3NwZWFrZXIiPQoNSGVsbG9SZXNwb25zZRIsCgdzcGVha2VyGAEgASgLMhIuZGNhY2hlLnYxLlNwZWFrZXJSB3NwZWFrZXIiOwoLSm9pblJlcXVlc3QSLAoHc3BlYWtlchgBIAEoCzISLmRjYWNoZS52MS5TcGVha2VyUgdzcGVha2VyIokBCgxKb2luUmVzcG9uc2USFwoHcmFmdF9pZBgBIAEoBFIGcmFmdElkEh0KCmNsdXN0ZXJfaWQYAiABKAlSCWNsdXN0ZXJJZBIlCg5sZWFkZXJfYWRkcmVzcxgDIAEoCVINbGVhZGVyQWRkcmVzcxIaCghmb3VuZGVycxgEIAMoBFIIZm91bmRlcnMicgoMUmFmdE1lc3NhZ2VzEiwKB3NwZWFrZXIYASABKAsyEi5kY2FjaGUudjEuU3BlYWtlclIHc3BlYWtlchIaCghtZXNzYWdlcxgCIAMoDFIIbWVzc2FnZXMSGAoHY29udHJvbBgDIAMoDFIHY29udHJvbCIPCg1NZXNzYWdlc1JlcGx5ImsKDVNuYXBzaG90UGllY2USLAoHc3BlYWtlchgBIAEoCzISLmRjYWNoZS52MS5TcGVha2VyUgdzcGVha2VyEhgKB21lc3NhZ2UYAiABKAxSB21lc3NhZ2USEgoEZGF0YRgDIAEoDFIEZGF0YSIPCg1TbmFwc2hvdFJlcGx5Mv4BCgRSYWZ0EjoKBUhlbGxvEhcuZGNhY2hlLnYxLkhlbGxvUmVxdWVzdBoYLmRjYWNoZS52MS5IZWxsb1Jlc3BvbnNlEjcKBEpvaW4SFi5kY2FjaGUudjEuSm9pblJlcXVlc3QaFy5kY2FjaGUudjEuSm9pblJlc3BvbnNlEj8KCE1lc3NhZ2VzEhcuZGNhY2hlLnYxLlJhZnRNZXNzYWdlcxoYLmRjYWNoZS52MS5NZXNzYWdlc1JlcGx5KAESQAoIU25hcHNob3QSGC5kY2FjaGUudjEuU25hcHNob3RQaWVjZRoYLmRjYWNoZS52MS5TbmFwc2hvdFJlcGx5KAFiBnByb3RvMw=="
  },
  {
    "name": "grpc/health/v1/health.proto",
    "imports": [],
    "services": [
      "grpc.health.v1.Health"
    ],
    "symbols": [
      "grpc.health.v1.Health",
      "grpc.health.v1.Health.Check",
      "grpc.health.v1.Health.Watch",
      "grpc.health.v1.HealthCheckRequest",
      "grpc.health.v1.HealthCheckResponse",
      "grpc.health.v1.HealthCheckResponse.ServingStatus"
    ],
    "base64": "ChtncnBjL2hlYWx0aC92MS9oZWFsdGgucHJvdG8SDmdycGMuaGVhbHRoLnYxIi4KEkhlYWx0aENoZWNrUmVxdWVzdBIYCgdzZXJ2aWNlGAEgASgJUgdzZXJ2aWNlIrEBChNIZWFsdGhDaGVja1Jlc3BvbnNlEkkKBnN0YXR1cxgBIAEoDjIxLmdycGMuaGVhbHRoLnYxLkhlYWx0aENoZWNrUmVzcG9uc2UuU2VydmluZ1N0YXR1c1IGc3RhdHVzIk8KDVNlcnZpbmdTdGF0dXMSCwoHVU5LTk9XThAAEgsKB1NFUlZJTkcQARIPCgtOT1RfU0VSVklORxACEhMKD1NFUlZJQ0VfVU5LTk9XThADMq4BCgZIZWFsdGgSUAoFQ2hlY2sSIi5ncnBjLmhlYWx0aC52MS5IZWFsdGhDaGVja1JlcXVlc3QaIy5ncnBjLmhlYWx0aC52MS5IZWFsdGhDaGVja1Jlc3BvbnNlElIKBVdhdGNoEiIuZ3JwYy5oZWFsdGgudjEuSGVhbHRoQ2hlY2tSZXF1ZXN0GiMuZ3JwYy5oZWFsdGgudjEuSGVhbHRoQ2hlY2tSZXNwb25zZTABYgZwcm90bzM="
  },
  {
    "name": "grpc/reflection/v1/reflection.proto",
    "imports": [],
    "services": [
      "grpc.reflection.v1.ServerReflection"
    ],
    "symbols": [
      "grpc.reflection.v1.ErrorResponse",
      "grpc.reflection.v1.ExtensionNumberResponse",
      "grpc.reflection.v1.ExtensionRequest",
      "grpc.reflection.v1.FileDescriptorResponse",
      "grpc.reflection.v1.ListServiceResponse",
      "grpc.reflection.v1.ServerReflection",
      "grpc.reflection.v1.ServerReflection.ServerReflectionInfo",
      "grpc.reflection.v1.ServerReflectionRequest",
      "grpc.reflection.v1.ServerReflectionResponse",
      "grpc.reflection.v1.ServiceResponse"
    ],
    "base64": "CiNncnBjL3JlZmxlY3Rpb24vdjEvcmVmbGVjdGlvbi5wcm90bxISZ3JwYy5yZWZsZWN0aW9uLnYxIvMCChdTZXJ2ZXJSZWZsZWN0aW9uUmVxdWVzdBISCgRob3N0GAEgASgJUgRob3N0EioKEGZpbGVfYnlfZmlsZW5hbWUYAyABKAlIAFIOZmlsZUJ5RmlsZW5hbWUSNgoWZmlsZV9jb250YWluaW5nX3N5bWJvbBgEIAEoCUgAUhRmaWxlQ29udGFpbmluZ1N5bWJvbBJiChlmaWxlX2NvbnRhaW5pbmdfZXh0ZW5zaW9uGAUgASgLMiQuZ3JwYy5yZWZsZWN0aW9uLnYxLkV4dGVuc2lvblJlcXVlc3RIAFIXZmlsZUNvbnRhaW5pbmdFeHRlbnNpb24SQgodYWxsX2V4dGVuc2lvbl9udW1iZXJzX29mX3R5cGUYBiABKAlIAFIZYWxsRXh0ZW5zaW9uTnVtYmVyc09mVHlwZRIlCg1saXN0X3NlcnZpY2VzGAcgASgJSABSDGxpc3RTZXJ2aWNlc0IRCg9tZXNzYWdlX3JlcXVlc3QiZgoQRXh0ZW5zaW9uUmVxdWVzdBInCg9jb250YWluaW5nX3R5cGUYASABKAlSDmNvbnRhaW5pbmdUeXBlEikKEGV4dGVuc2lvbl9udW1iZXIYAiABKAVSD2V4dGVuc2lvbk51bWJlciKuBAoYU2VydmVyUmVmbGVjdGlvblJlc3BvbnNlEh0KCnZhbGlkX2hvc3QYASABKAlSCXZhbGlkSG9zdBJWChBvcmlnaW5hbF9yZXF1ZXN0GAIgASgLMisuZ3JwYy5yZWZsZWN0aW9uLnYxLlNlcnZlclJlZmxlY3Rpb25SZXF1ZXN0Ug9vcmlnaW5hbFJlcXVlc3QSZgoYZmlsZV9kZXNjcmlwdG9yX3Jlc3BvbnNlGAQgASgLMiouZ3JwYy5yZWZsZWN0aW9uLnYxLkZpbGVEZXNjcmlwdG9yUmVzcG9uc2VIAFIWZmlsZURlc2NyaXB0b3JSZXNwb25zZRJyCh5hbGxfZXh0ZW5zaW9uX251bWJlcnNfcmVzcG9uc2UYBSABKAsyKy5ncnBjLnJlZmxlY3Rpb24udjEuRXh0ZW5zaW9uTnVtYmVyUmVzcG9uc2VIAFIbYWxsRXh0ZW5zaW9uTnVtYmVyc1Jlc3BvbnNlEl8KFmxpc3Rfc2VydmljZXNfcmVzcG9uc2UYBiABKAsyJy5ncnBjLnJlZmxlY3Rpb24udjEuTGlzdFNlcnZpY2VSZXNwb25zZUgAUhRsaXN0U2VydmljZXNSZXNwb25zZRJKCg5lcnJvcl9yZXNwb25zZRgHIAEoCzIhLmdycGMucmVmbGVjdGlvbi52MS5FcnJvclJlc3BvbnNlSABSDWVycm9yUmVzcG9uc2VCEgoQbWVzc2FnZV9yZXNwb25zZSJMChZGaWxlRGVzY3JpcHRvclJlc3BvbnNlEjIKFWZpbGVfZGVzY3JpcHRvcl9wcm90bxgBIAMoDFITZmlsZURlc2NyaXB0b3JQcm90byJqChdFeHRlbnNpb25OdW1iZXJSZXNwb25zZRIkCg5iYXNlX3R5cGVfbmFtZRgBIAEoCVIMYmFzZVR5cGVOYW1lEikKEGV4dGVuc2lvbl9udW1iZXIYAiADKAVSD2V4dGVuc2lvbk51bWJlciJUChNMaXN0U2VydmljZVJlc3BvbnNlEj0KB3NlcnZpY2UYASADKAsyIy5ncnBjLnJlZmxlY3Rpb24udjEuU2VydmljZVJlc3BvbnNlUgdzZXJ2aWNlIiUKD1NlcnZpY2VSZXNwb25zZRISCgRuYW1lGAEgASgJUgRuYW1lIlMKDUVycm9yUmVzcG9uc2USHQoKZXJyb3JfY29kZRgBIAEoBVIJZXJyb3JDb2RlEiMKDWVycm9yX21lc3NhZ2UYAiABKAlSDGVycm9yTWVzc2FnZTKJAQoQU2VydmVyUmVmbGVjdGlvbhJ1ChRTZXJ2ZXJSZWZsZWN0aW9uSW5mbxIrLmdycGMucmVmbGVjdGlvbi52MS5TZXJ2ZXJSZWZsZWN0aW9uUmVxdWVzdBosLmdycGMucmVmbGVjdGlvbi52MS5TZXJ2ZXJSZWZsZWN0aW9uUmVzcG9uc2UoATABYgZwcm90bzM="
  }
];
