import type { Deps } from '../deps.ts';
import type { Service } from './service.ts';

/** For operators: every service that was ever added, newest first. Secrets are not among what is known of them. */
export const listServices = ({ services }: Pick<Deps, 'services'>): Promise<Service[]> => services.list();
