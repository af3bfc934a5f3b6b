//! The objects of OpenAPI 3.0.3: the rows of the [grammar](crate::grammar).

use crate::grammar::Shape::{self, Any, Count, Flag, List, Map, Number, Ref, Text, Word};
use crate::grammar::{Object, Others, may, must, object, shared};

pub(crate) static OPENAPI: Object = object(
    "OpenAPI",
    &[
        must("openapi", Text),
        must("info", Shape::Object(&INFO)),
        may("servers", List(&Shape::Object(&SERVER))),
        must("paths", Shape::Object(&PATHS)),
        may("components", Shape::Object(&COMPONENTS)),
        may("security", List(&Shape::Object(&SECURITY_REQUIREMENT))),
        may("tags", List(&Shape::Object(&TAG))),
        may("externalDocs", Shape::Object(&EXTERNAL_DOCS)),
    ],
);

static INFO: Object = object(
    "Info",
    &[
        must("title", Text),
        may("description", Text),
        may("termsOfService", Text),
        may("contact", Shape::Object(&CONTACT)),
        may("license", Shape::Object(&LICENSE)),
        must("version", Text),
    ],
);

static CONTACT: Object = object(
    "Contact",
    &[may("name", Text), may("url", Text), may("email", Text)],
);

static LICENSE: Object = object("License", &[must("name", Text), may("url", Text)]);

static SERVER: Object = object(
    "Server",
    &[
        must("url", Text),
        may("description", Text),
        may("variables", Map(&Shape::Object(&SERVER_VARIABLE))),
    ],
);

static SERVER_VARIABLE: Object = object(
    "Server Variable",
    &[
        may("enum", List(&Text)),
        must("default", Text),
        may("description", Text),
    ],
);

static TAG: Object = object(
    "Tag",
    &[
        must("name", Text),
        may("description", Text),
        may("externalDocs", Shape::Object(&EXTERNAL_DOCS)),
    ],
);

static EXTERNAL_DOCS: Object = object(
    "External Documentation",
    &[may("description", Text), must("url", Text)],
);

static COMPONENTS: Object = object(
    "Components",
    &[
        may("schemas", Map(&Ref(&SCHEMA))),
        may("responses", Map(&Ref(&RESPONSE))),
        may("parameters", Map(&Ref(&PARAMETER))),
        may("examples", Map(&Ref(&EXAMPLE))),
        may("requestBodies", Map(&Ref(&REQUEST_BODY))),
        may("headers", Map(&Ref(&HEADER))),
        may("securitySchemes", Map(&Ref(&SECURITY_SCHEME))),
        may("links", Map(&Ref(&LINK))),
        may("callbacks", Map(&Ref(&CALLBACK))),
    ],
);

static PATHS: Object = Object {
    name: "Paths",
    section: None,
    members: &[],
    others: Others::Paths,
};

pub(crate) static PATH_ITEM: Object = object(
    "Path Item",
    &[
        may("summary", Text),
        may("description", Text),
        may("get", Shape::Object(&OPERATION)),
        may("put", Shape::Object(&OPERATION)),
        may("post", Shape::Object(&OPERATION)),
        may("delete", Shape::Object(&OPERATION)),
        may("options", Shape::Object(&OPERATION)),
        may("head", Shape::Object(&OPERATION)),
        may("patch", Shape::Object(&OPERATION)),
        may("trace", Shape::Object(&OPERATION)),
        may("servers", List(&Shape::Object(&SERVER))),
        may("parameters", List(&Ref(&PARAMETER))),
    ],
);

static OPERATION: Object = object(
    "Operation",
    &[
        may("tags", List(&Text)),
        may("summary", Text),
        may("description", Text),
        may("externalDocs", Shape::Object(&EXTERNAL_DOCS)),
        may("operationId", Text),
        may("parameters", List(&Ref(&PARAMETER))),
        may("requestBody", Ref(&REQUEST_BODY)),
        must("responses", Shape::Object(&RESPONSES)),
        may("callbacks", Map(&Ref(&CALLBACK))),
        may("deprecated", Flag),
        may("security", List(&Shape::Object(&SECURITY_REQUIREMENT))),
        may("servers", List(&Shape::Object(&SERVER))),
    ],
);

const STYLES: &[&str] = &[
    "matrix",
    "label",
    "form",
    "simple",
    "spaceDelimited",
    "pipeDelimited",
    "deepObject",
];

static PARAMETER: Object = shared(
    "Parameter",
    "parameters",
    &[
        must("name", Text),
        must("in", Word(&["query", "header", "path", "cookie"])),
        may("description", Text),
        may("required", Flag),
        may("deprecated", Flag),
        may("allowEmptyValue", Flag),
        may("style", Word(STYLES)),
        may("explode", Flag),
        may("allowReserved", Flag),
        may("schema", Ref(&SCHEMA)),
        may("example", Any),
        may("examples", Map(&Ref(&EXAMPLE))),
        may("content", Map(&Shape::Object(&MEDIA_TYPE))),
    ],
    Others::No,
);

static HEADER: Object = shared(
    "Header",
    "headers",
    &[
        may("description", Text),
        may("required", Flag),
        may("deprecated", Flag),
        may("allowEmptyValue", Flag),
        may("style", Word(&["simple"])),
        may("explode", Flag),
        may("allowReserved", Flag),
        may("schema", Ref(&SCHEMA)),
        may("example", Any),
        may("examples", Map(&Ref(&EXAMPLE))),
        may("content", Map(&Shape::Object(&MEDIA_TYPE))),
    ],
    Others::No,
);

static REQUEST_BODY: Object = shared(
    "Request Body",
    "requestBodies",
    &[
        may("description", Text),
        must("content", Map(&Shape::Object(&MEDIA_TYPE))),
        may("required", Flag),
    ],
    Others::No,
);

static MEDIA_TYPE: Object = object(
    "Media Type",
    &[
        may("schema", Ref(&SCHEMA)),
        may("example", Any),
        may("examples", Map(&Ref(&EXAMPLE))),
        may("encoding", Map(&Shape::Object(&ENCODING))),
    ],
);

static ENCODING: Object = object(
    "Encoding",
    &[
        may("contentType", Text),
        may("headers", Map(&Ref(&HEADER))),
        may("style", Word(STYLES)),
        may("explode", Flag),
        may("allowReserved", Flag),
    ],
);

static RESPONSES: Object = Object {
    name: "Responses",
    section: None,
    members: &[],
    others: Others::Statuses,
};

pub(crate) static RESPONSE: Object = shared(
    "Response",
    "responses",
    &[
        must("description", Text),
        may("headers", Map(&Ref(&HEADER))),
        may("content", Map(&Shape::Object(&MEDIA_TYPE))),
        may("links", Map(&Ref(&LINK))),
    ],
    Others::No,
);

pub(crate) static CALLBACK: Object = shared("Callback", "callbacks", &[], Others::Expressions);

static EXAMPLE: Object = shared(
    "Example",
    "examples",
    &[
        may("summary", Text),
        may("description", Text),
        may("value", Any),
        may("externalValue", Text),
    ],
    Others::No,
);

static LINK: Object = shared(
    "Link",
    "links",
    &[
        may("operationRef", Text),
        may("operationId", Text),
        may("parameters", Map(&Any)),
        may("requestBody", Any),
        may("description", Text),
        may("server", Shape::Object(&SERVER)),
    ],
    Others::No,
);

static SECURITY_SCHEME: Object = shared(
    "Security Scheme",
    "securitySchemes",
    &[
        must("type", Word(&["apiKey", "http", "oauth2", "openIdConnect"])),
        may("description", Text),
        may("name", Text),
        may("in", Word(&["query", "header", "cookie"])),
        may("scheme", Text),
        may("bearerFormat", Text),
        may("flows", Any),
        may("openIdConnectUrl", Text),
    ],
    Others::No,
);

static SECURITY_REQUIREMENT: Object = Object {
    name: "Security Requirement",
    section: None,
    members: &[],
    others: Others::Free,
};

pub(crate) static SCHEMA: Object = shared(
    "Schema",
    "schemas",
    &[
        may("title", Text),
        may("multipleOf", Number),
        may("maximum", Number),
        may("exclusiveMaximum", Flag),
        may("minimum", Number),
        may("exclusiveMinimum", Flag),
        may("maxLength", Count),
        may("minLength", Count),
        may("pattern", Text),
        may("maxItems", Count),
        may("minItems", Count),
        may("uniqueItems", Flag),
        may("maxProperties", Count),
        may("minProperties", Count),
        may("required", List(&Text)),
        may("enum", List(&Any)),
        may(
            "type",
            Word(&["array", "boolean", "integer", "number", "object", "string"]),
        ),
        may("allOf", List(&Ref(&SCHEMA))),
        may("oneOf", List(&Ref(&SCHEMA))),
        may("anyOf", List(&Ref(&SCHEMA))),
        may("not", Ref(&SCHEMA)),
        may("items", Ref(&SCHEMA)),
        may("properties", Map(&Ref(&SCHEMA))),
        may("additionalProperties", Shape::FlagOr(&Ref(&SCHEMA))),
        may("description", Text),
        may("format", Text),
        may("default", Any),
        may("nullable", Flag),
        may("discriminator", Shape::Object(&DISCRIMINATOR)),
        may("readOnly", Flag),
        may("writeOnly", Flag),
        may("xml", Any),
        may("externalDocs", Shape::Object(&EXTERNAL_DOCS)),
        may("example", Any),
        may("deprecated", Flag),
    ],
    Others::No,
);

static DISCRIMINATOR: Object = object(
    "Discriminator",
    &[must("propertyName", Text), may("mapping", Map(&Text))],
);

/// Members of JSON Schema that OpenAPI 3.0 does not have: a document that uses one means 3.1.
pub(crate) const ONLY_LATER: &[&str] = &[
    "const",
    "if",
    "then",
    "else",
    "prefixItems",
    "contains",
    "patternProperties",
    "propertyNames",
    "dependentRequired",
    "dependentSchemas",
    "unevaluatedProperties",
    "unevaluatedItems",
    "$defs",
    "examples",
    "contentEncoding",
    "contentMediaType",
];
