/** Ids on this contract's wire say what they name; inside they are plain UUIDs. */
export const userId = (id: string): string => `user_${id}`;
export const organizationId = (id: string): string => `org_${id}`;
