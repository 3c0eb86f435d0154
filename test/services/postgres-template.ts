/** The name of the database that every test's database is a copy of. */
export const template = 'tegata_template';
