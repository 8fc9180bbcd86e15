"""CloudTrail: from which field each column of `events` is filled. `docs/sources.md` prints it."""

#: Columns that a CloudTrail record can never fill.
NEVER = (
    "logged_time", "referer", "status_code", "same_request_as", "request_uri", "object_size",
    "total_ms", "turn_around_ms",
)  # fmt: skip

MAPPING: tuple[tuple[str, str], ...] = (
        ("provider_uid", "eventID"), ("request_id", "requestID"),
        ("time", "eventTime, else @timestamp; width 1 s"),
        ("account_uid", "resources[AWS::S3::Bucket].accountId, else recipientAccountId"),
        ("region", "awsRegion"), ("service", "eventSource"), ("operation", "eventName"),
        ("category", "eventCategory; before 1.07 managementEvent, eventType, then the name"),
        ("activity", "readOnly, else the verb of eventName"),
        ("actor_type", "userIdentity.type; Anonymous where accountId is anonymous or "
         "ANONYMOUS_PRINCIPAL"),
        ("actor_uid", "userIdentity.arn"), ("actor_unique_id", "userIdentity.principalId"),
        ("actor_name", "userIdentity.userName, else sessionIssuer.userName"),
        ("actor_account_uid", "userIdentity.accountId"),
        ("session_uid", "userIdentity.principalId after the colon"),
        ("session_issuer_uid", "sessionContext.sessionIssuer.arn"),
        ("session_created", "sessionContext.attributes.creationDate"),
        ("source_identity", "sessionContext.sourceIdentity"),
        ("credential_uid", "userIdentity.accessKeyId"),
        ("mfa", "sessionContext.attributes.mfaAuthenticated"),
        ("invoked_by", "userIdentity.invokedBy"),
        ("delegation", "userIdentity.onBehalfOf, inScopeOf, identityProvider, credentialId"),
        ("src_ip", "sourceIPAddress"),
        ("src_vpc_endpoint", "vpcEndpointId, else additionalEventData"),
        ("user_agent", "userAgent"), ("tls_version", "tlsDetails.tlsVersion"),
        ("auth_method", "additionalEventData.AuthenticationMethod, userIdentity"),
        ("auth_evidence", "additionalEventData.aclRequired, CipherSuite, SignatureVersion, "
         "SSEApplied"),
        ("resource_type", "resources[].type of what was acted on"),
        ("resource_uid", "requestParameters.bucketName and key, else resources[].ARN"),
        ("container", "requestParameters.bucketName, else resources[AWS::S3::Bucket]"),
        ("object", "requestParameters.key"), ("object_version", "requestParameters.versionId"),
        ("outcome", "errorCode"), ("error_code", "errorCode"), ("error_message", "errorMessage"),
        ("bytes_out", "additionalEventData.bytesTransferredOut"),
        ("bytes_in", "additionalEventData.bytesTransferredIn"),
        ("params", "requestParameters, responseElements, additionalEventData, resources, "
         "userIdentity, tlsDetails, as text; of data events that read or list requestParameters as "
         "received, cipher suite and signature version, ARNs of access points, the account of the "
         "endpoint, and TLS details without a version"),
        ("host_id", "additionalEventData.x-amz-id-2"),
        ("omitted", "bodies that CloudTrail left out; keys found twice, of which the first counts"),
        ("recipient_account_uid", "recipientAccountId"), ("shared_uid", "sharedEventID"),
    )  # fmt: skip
