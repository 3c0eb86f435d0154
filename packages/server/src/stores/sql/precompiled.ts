/**
 * Kysely builds a tree of nodes and turns it into SQL at every call, which costs more than SQLite needs to answer. For
 * the few queries that run at every request this does it once per database: the query is built with a stand-in for each
 * value, and each call puts its values where the stand-ins are.
 */
import type { Compilable, CompiledQuery, Kysely, QueryResult } from 'kysely';
import type { Database } from './database.ts';

class StandIn {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

/** Has a stand-in under every name that is asked for. */
const standIns = new Proxy({}, { get: (_, name) => new StandIn(String(name)) });

/**
 * @param build Makes the query. It runs once per database, so the values it is given are only good for handing on to
 * Kysely as they are: never a condition, a sum or `null` checks on them.
 * @returns Runs the query on the database, or in the transaction, with the values of this call.
 */
export const precompiled = <Values extends Record<string, unknown>, Row>(
  build: (db: Kysely<Database>, values: Values) => Compilable<Row>,
): ((db: Kysely<Database>, values: Values) => Promise<QueryResult<Row>>) => {
  // A transaction has the adapter of its database: what one compiled, the other runs.
  const compiledFor = new WeakMap<object, CompiledQuery<Row>>();
  return (db, values) => {
    const { adapter } = db.getExecutor();
    let compiled = compiledFor.get(adapter);
    if (!compiled) {
      compiled = build(db, standIns as Values).compile();
      compiledFor.set(adapter, compiled);
    }
    const parameters = compiled.parameters.map((given) => (given instanceof StandIn ? values[given.name] : given));
    return db.executeQuery<Row>({ ...compiled, parameters });
  };
};
