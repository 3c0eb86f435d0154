import { Hono } from 'hono';
import { html } from 'hono/html';
import type { OpenapiDocument } from './openapi.ts';
import { type Html, page, sendPage } from './pages/layout.ts';

// The API reference, rendered on the server from the OpenAPI document: no script, nothing from another host, the same
// strict policy as every page. Generators and API tools read /openapi.json.

type Schema = {
  $ref?: string;
  type?: string | string[];
  properties?: Record<string, Schema>;
  items?: Schema;
  anyOf?: Schema[];
  enum?: unknown[];
  const?: unknown;
  required?: string[];
  description?: string;
  format?: string;
};
type Operation = {
  operationId: string;
  summary: string;
  description: string;
  tags: string[];
  security?: Record<string, unknown>[];
  parameters: { name: string; in: string; required: boolean; schema: Schema }[];
  requestBody?: { required: boolean; content: Content };
  responses: Record<string, { description: string; content?: Content }>;
};
/** By its type: JSON almost everywhere. */
type Content = Record<string, { schema: Schema }>;
const schemaIn = (content: Content | undefined): Schema | undefined => Object.values(content ?? {})[0]?.schema;

/** @param describe Called when somebody first asks: most servers in production are never asked, and it takes a while. */
export const createDocsPage = (describe: () => OpenapiDocument): Hono => {
  let described: OpenapiDocument | undefined;
  let body: Html | undefined;
  const document = () => {
    described ??= describe();
    return described;
  };
  return new Hono()
    .get('/openapi.json', (c) => c.json(document()))
    .get('/docs', (c) => {
      body ??= reference(document());
      return sendPage(c, page(c, { title: 'API reference', locale: 'en', body, width: 'wide' }));
    });
};

const reference = (document: OpenapiDocument): Html => {
  const typeText = describeTypes(document.components.schemas);
  const operations = Object.entries(document.paths as Record<string, Record<string, Operation>>).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  );
  const ofTag = (tag: string) => operations.filter(({ operation }) => operation.tags.includes(tag));
  return html`<main class="docs">
<nav class="card" aria-label="Calls">
<p class="quiet">Tegata ${document.info.version} · <a href="/openapi.json">OpenAPI 3.1</a></p>
${document.tags.map(
  (tag) =>
    html`<h2>${tag.name}</h2><ul>${ofTag(tag.name).map(({ operation }) => html`<li><a href="#${operation.operationId}">${operation.summary}</a></li>`)}</ul>`,
)}
</nav>
<div class="calls">
<section class="card"><h1>API reference</h1>
<p>This server is <code>${document.servers[0]?.url}</code>.</p>
${document.info.description.split('\n\n').map(paragraph)}</section>
${document.tags.map((tag) => html`<h2 class="tag">${tag.name}</h2><p class="quiet">${tag.description}</p>${ofTag(tag.name).map((call) => callCard(call, typeText))}`)}
</div>
</main>`;
};

/** A paragraph whose `quoted` parts are code. */
const paragraph = (text: string): Html =>
  html`<p>${text.split('`').map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : part))}</p>`;

const callCard = (
  { path, method, operation }: { path: string; method: string; operation: Operation },
  typeText: TypeText,
): Html => {
  const success = Object.entries(operation.responses).find(([status]) => status.startsWith('2'));
  const failures = Object.entries(operation.responses).filter(([status]) => !status.startsWith('2'));
  const credential = operation.security
    ?.flatMap((option) => Object.keys(option))
    .join(' or ')
    .replaceAll('_', ' ');
  // The envelope of a contract that has one says nothing about the call.
  const answer = schemaIn(success?.[1].content);
  const data = answer?.properties?.data;
  const request = schemaIn(operation.requestBody?.content);
  return html`<section class="card call" id="${operation.operationId}">
<h3>${operation.summary}</h3>
<p><code class="method">${method}</code> <code>${path}</code>${credential && html` <b class="credential">${credential}</b>`}</p>
${operation.description
  .split('\n\n')
  .filter(Boolean)
  .map((text) => html`<p>${text}</p>`)}
${operation.parameters.length > 0 && html`<h4>Parameters</h4><pre>${operation.parameters.map(({ name, in: place, schema }) => `${name}: ${typeText(schema)}  (${place})`).join('\n')}</pre>`}
${request && html`<h4>Body${operation.requestBody?.required ? '' : ' (optional)'}</h4><pre>${typeText(request)}</pre>`}
<h4>${success?.[0]}${data && html` <code>data</code>`}</h4><pre>${answer && typeText(data ?? answer)}</pre>
<details><summary>Failures</summary><dl class="facts">${failures.map(
    ([status, { description }]) =>
      html`<dt>${status}</dt><dd>${description.split('\n\n').map((line) => html`<div>${line.replaceAll('`', '')}</div>`)}</dd>`,
  )}</dl></details>
</section>`;
};

type TypeText = (schema: Schema, indent?: string) => string;

/** A schema in the notation that TypeScript programmers read without thinking, with named ones written out. */
const describeTypes = (schemas: Record<string, Schema>): TypeText => {
  const typeText: TypeText = (schema, indent = '') => {
    const named = schema.$ref && schemas[schema.$ref.replace('#/components/schemas/', '')];
    if (named) return typeText(named, indent);
    if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
    if (schema.const !== undefined) return JSON.stringify(schema.const);
    if (schema.anyOf) return schema.anyOf.map((option) => typeText(option, indent)).join(' | ');
    if (schema.type === 'array' && schema.items) return `${typeText(schema.items, indent)}[]`;
    if (schema.properties) {
      const inner = `${indent}  `;
      const lines = Object.entries(schema.properties).map(([name, property]) => {
        const note = property.description ? `  // ${property.description}` : '';
        return `${inner}${name}${schema.required?.includes(name) ? '' : '?'}: ${typeText(property, inner)}${note}`;
      });
      return `{\n${lines.join('\n')}\n${indent}}`;
    }
    const type = Array.isArray(schema.type) ? schema.type.join(' | ') : (schema.type ?? 'any');
    return schema.format === 'uuid' ? 'uuid' : schema.format === 'date-time' ? 'time' : type;
  };
  return typeText;
};
