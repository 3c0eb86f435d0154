import { parseArgs } from 'node:util';
import { type Service, type ServiceScope, serviceScopes } from '@tegata/core';
import type { Engine } from '../compose.ts';
import { type Command, UsageError } from './command.ts';
import { printable, withExistingEngine } from './existing-engine.ts';

type Action = (engine: Engine, rest: string[]) => Promise<number>;

const add: Action = async ({ auth }, rest) => {
  const { name, scopes } = parseAdd(rest);
  const added = await auth.addService({ name, scopes });
  if (!added.ok) throw new UsageError('A name has 1 to 100 characters, none of them a control character.');
  const { service, secret, credential } = added.value;
  console.log(`${line(service)}

  credential  ${credential}
  or Basic    user ${service.id}, password ${secret}

It is shown once and kept nowhere: store it as a secret of that service now.`);
  return 0;
};

const list: Action = async ({ auth }, rest) => {
  if (rest.length > 0) throw new UsageError('services list takes no arguments.');
  const services = await auth.listServices();
  for (const service of services) console.log(line(service));
  if (services.length === 0) console.log('No service has a credential.');
  return 0;
};

const revoke: Action = async ({ auth }, [id, ...others]) => {
  if (!id || others.length > 0) throw new UsageError('Name one service by its id.');
  const revoked = await auth.revokeService({ serviceId: id });
  if (!revoked.ok) {
    console.error(`No service ${id} has a credential in this database. \`tegata services list\` shows them.`);
    return 1;
  }
  console.log(`The credential of ${id} is refused from now on.`);
  return 0;
};

const actions: Record<string, Action> = { add, list, revoke };

export const services: Command = {
  lines: [
    ['services add <name> [--scope S]', `Give another service a credential; --scope ${serviceScopes.join(' or ')}, or both.`],
    ['services list', 'Every service, newest first.'],
    ['services revoke <id>', 'Refuse its credential from now on.'],
  ],
  run: async ([name, ...rest]) => {
    const action = actions[name ?? ''];
    if (!action) throw new UsageError(name ? `There is no "services ${name}".` : 'Say what to do with services:');
    return withExistingEngine((engine) => action(engine, rest));
  },
};

const parseAdd = (args: string[]): { name: string; scopes: ServiceScope[] } => {
  let parsed: { values: { scope?: string[] }; positionals: string[] };
  try {
    parsed = parseArgs({ args, allowPositionals: true, options: { scope: { type: 'string', multiple: true } } });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  const [name, ...others] = parsed.positionals;
  if (name === undefined || others.length > 0) throw new UsageError('Name the service, in one word or in quotes.');
  const scopes = parsed.values.scope ?? ['revocations:read'];
  const unknown = scopes.find((scope) => !(serviceScopes as readonly string[]).includes(scope));
  if (unknown !== undefined) throw new UsageError(`There is no scope "${unknown}": give ${serviceScopes.join(' or ')}.`);
  return { name, scopes: scopes as ServiceScope[] };
};

const line = ({ id, name, scopes, createdAt, revokedAt }: Service) =>
  `${id}  ${revokedAt === null ? 'active ' : 'revoked'}  ${new Date(createdAt).toISOString()}  ${printable(name)}  (${scopes.join(', ')})`;
