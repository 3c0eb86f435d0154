// The whole page, without a framework. The two tokens are in cookies that no script can read; this one knows only how to
// repeat the CSRF token, and what to do when the access token has run out.

const byId = (id) => document.getElementById(id);

// Calls

/** What an answer, or its absence, says went wrong. */
class Problem extends Error {
  constructor(status, { error = '', errors = [] } = {}, retryAfterSeconds = 0) {
    super(error);
    Object.assign(this, { status, fields: errors, retryAfterSeconds });
  }
}

/** Read anew for every call: another tab may have signed in since. */
const csrfToken = () => /(?:^|; )csrf_token=([^;]*)/.exec(document.cookie)?.[1];

const send = async (method, path, body) => {
  const headers = { 'Accept-Language': document.documentElement.lang };
  const token = csrfToken();
  if (token) headers['X-CSRF-Token'] = token;
  if (body) headers['Content-Type'] = 'application/json';
  const response = await fetch(path, { method, headers, body: body && JSON.stringify(body) }).catch(() => {
    throw new Problem(0);
  });
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  throw new Problem(response.status, answer, Number(response.headers.get('Retry-After')));
};

/** One at a time: a refresh token is good for one use, and calls that find the access token gone come in groups. */
let refreshing;
const refresh = () => {
  refreshing ??= send('POST', '/auth/refresh').finally(() => {
    refreshing = undefined;
  });
  return refreshing;
};

const isOver = (problem) => problem.status === 401 || problem.status === 403;

/** For whoever is signed in: refreshes once when the access token has run out, and asks to sign in when that fails too. */
const call = async (method, path, body) => {
  try {
    return await send(method, path, body).catch(async (problem) => {
      if (problem.status !== 401 || !csrfToken()) throw problem;
      await refresh();
      return send(method, path, body);
    });
  } catch (problem) {
    if (isOver(problem)) showEntrance('sign-in', user ? 'You have been signed out. Please sign in again.' : '');
    throw problem;
  }
};

// Words

const kindWords = {
  'Invalid credentials': 'That e-mail and password don’t match. Check them, or reset your password.',
  'email address is already registered': 'There is an account with this address. Sign in, or reset your password.',
  'Password is incorrect': 'That is not your password. Your account is still there.',
  'Task not found': 'This task is gone. It was probably deleted in another window.',
  'CSRF token missing': 'This page is out of date. Please reload it.',
  'CSRF token mismatch': 'This page is out of date. Please reload it.',
};

const wordsFor = ({ status, message, retryAfterSeconds }) => {
  if (status === 0) return 'We can’t reach the server. Nothing was lost; please try again in a moment.';
  if (status === 429) {
    const minutes = Math.ceil(retryAfterSeconds / 60);
    return `Too many attempts. You can try again in ${minutes === 1 ? 'a minute' : `${minutes} minutes`}.`;
  }
  if (status >= 500) return 'Something went wrong on our side. Nothing was lost; please try again in a moment.';
  return kindWords[message] ?? sentence(message);
};

const sentence = (text) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

const say = (text) => {
  byId('notice').textContent = text;
};

// Forms

const showProblems = (form, problem) => {
  const elsewhere = [];
  for (const { field, message } of problem.fields) {
    const input = form.elements.namedItem(field);
    if (input) {
      input.setAttribute('aria-invalid', 'true');
      byId(`${input.id}-problem`).textContent = sentence(message);
    } else {
      elsewhere.push(sentence(message));
    }
  }
  form.querySelector('[role=alert]').textContent = problem.fields.length > 0 ? elsewhere.join(' ') : wordsFor(problem);
  form.querySelector('[aria-invalid]')?.focus();
};

const clearProblems = (form) => {
  for (const text of form.querySelectorAll('.problem')) text.textContent = '';
  for (const input of form.querySelectorAll('[aria-invalid]')) input.removeAttribute('aria-invalid');
};

/** Sends what was typed, once; when it fails, nothing typed is lost. */
const onSubmit = (form, action) =>
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    if (form.ariaBusy === 'true') return;
    form.ariaBusy = 'true';
    clearProblems(form);
    say('');
    try {
      await action(Object.fromEntries(new FormData(form)));
      form.reset();
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      showProblems(form, problem);
    } finally {
      form.ariaBusy = 'false';
    }
  });

/** For buttons outside of forms. */
const attempt = async (action) => {
  say('');
  try {
    await action();
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    if (!byId('tasks').hidden) say(wordsFor(problem));
  }
};

// Coming in

let user;

const showEntrance = (form, notice = '') => {
  user = undefined;
  for (const dialog of document.querySelectorAll('dialog')) dialog.close();
  byId('tasks').hidden = byId('sign-out').hidden = true;
  byId('list').replaceChildren();
  byId('entrance').hidden = false;
  for (const id of ['sign-in', 'sign-up', 'forgot']) byId(id).hidden = id !== form;
  byId(form).querySelector('h1').focus();
  say(notice);
};

const showTasks = async (who) => {
  user = who;
  byId('who').textContent = user.email;
  byId('filter').value = '';
  clearProblems(byId('add'));
  byId('entrance').hidden = true;
  byId('tasks').hidden = byId('sign-out').hidden = false;
  byId('tasks').querySelector('h1').focus();
  await load(1);
};

onSubmit(byId('sign-in'), async ({ email, password, remember_me }) => {
  const answer = await send('POST', '/auth/signin', { email, password, remember_me: remember_me === 'on' });
  await showTasks(answer.user);
});

onSubmit(byId('sign-up'), async ({ email, password }) => {
  const answer = await send('POST', '/auth/signup', { email, password });
  await showTasks(answer.user);
  say(`Welcome. We sent a link to ${answer.user.email}; please open it to confirm the address.`);
});

onSubmit(byId('forgot'), async ({ email }) => {
  await send('POST', '/auth/forgot-password', { email });
  showEntrance('sign-in', `If ${email} has an account, a link is on its way.`);
});

for (const button of document.querySelectorAll('[data-show]')) {
  button.addEventListener('click', () => showEntrance(button.dataset.show));
}

// The list

const statusNames = { todo: 'To do', in_progress: 'In progress', completed: 'Completed', cancelled: 'Cancelled' };
let page = 1;

/** `focus`: where the keyboard was before the rows were made anew. */
const load = async (wanted, focus) => {
  const query = new URLSearchParams({ page: wanted });
  if (byId('filter').value) query.set('status', byId('filter').value);
  const { tasks, pagination } = await call('GET', `/tasks?${query}`);
  const { total_items: total, total_pages: pages } = pagination;
  // The last task of the last page is gone.
  if (tasks.length === 0 && wanted > 1) return load(Math.max(1, pages), focus);
  page = wanted;
  byId('list').replaceChildren(...tasks.map(row));
  byId('empty').hidden = total > 0;
  byId('pages').hidden = pages < 2;
  byId('where').textContent = `Page ${page} of ${pages}, ${total} tasks`;
  byId('newer').disabled = page <= 1;
  byId('older').disabled = page >= pages;
  if (focus) (document.querySelector(focus) ?? byId('tasks').querySelector('h1')).focus();
};

const row = (task) => {
  const item = byId('row').content.cloneNode(true).firstElementChild;
  const part = (selector) => item.querySelector(selector);
  const path = `/tasks/${task.id}`;
  item.id = `task-${task.id}`;
  item.classList.add(task.status);
  part('.title').textContent = task.title;
  part('.description').textContent = task.description;
  part('.status').textContent = statusNames[task.status];
  part('.due').textContent = task.due_date ? `Due ${dayOf(task.due_date)}` : '';
  part('.edit').ariaLabel = `Edit ${task.title}`;
  part('.delete').ariaLabel = `Delete ${task.title}`;
  part('input').checked = task.status === 'completed';
  part('input').addEventListener('change', ({ target }) =>
    attempt(async () => {
      try {
        await call('PATCH', path, { status: target.checked ? 'completed' : 'todo' });
      } finally {
        if (user) await load(page, `#${item.id} input`);
      }
    }),
  );
  part('.edit').addEventListener('click', () => openEditor(task));
  part('.delete').addEventListener('click', () => {
    if (!confirm(`Delete “${task.title}”?`)) return;
    attempt(async () => {
      await call('DELETE', path);
      await load(page, '#tasks h1');
      say(`“${task.title}” is deleted.`);
    });
  });
  return item;
};

/** A date alone is a day wherever the reader is; a moment is one in their time zone. */
const dayOf = (date) =>
  new Date(date.length === 10 ? `${date}T00:00` : date).toLocaleDateString(document.documentElement.lang, {
    dateStyle: 'medium',
  });

onSubmit(byId('add'), async ({ title, description, due_date }) => {
  await call('POST', '/tasks', { title, description, due_date: due_date || null });
  if (byId('filter').value !== 'todo') byId('filter').value = '';
  await load(1);
});

byId('filter').addEventListener('change', () => attempt(() => load(1)));
byId('newer').addEventListener('click', () => attempt(() => load(page - 1, '#tasks h1')));
byId('older').addEventListener('click', () => attempt(() => load(page + 1, '#tasks h1')));

let edited;
const openEditor = (task) => {
  edited = { ...task, due_date: task.due_date?.slice(0, 10) ?? '' };
  clearProblems(byId('edit'));
  for (const name of ['title', 'description', 'status', 'due_date']) byId('edit').elements.namedItem(name).value = edited[name];
  byId('edit-dialog').showModal();
};

onSubmit(byId('edit'), async (typed) => {
  // Only what was changed: what another window changed meanwhile stays, and so does the time of day of a due date.
  const change = Object.fromEntries(Object.entries(typed).filter(([name, value]) => value !== edited[name]));
  if (change.due_date === '') change.due_date = null;
  await call('PATCH', `/tasks/${edited.id}`, change);
  byId('edit-dialog').close();
  await load(page, `#task-${edited.id} .edit`);
});

// Leaving

byId('sign-out').addEventListener('click', () =>
  attempt(async () => {
    await send('POST', '/auth/signout');
    byId('add').reset();
    showEntrance('sign-in', 'You are signed out.');
  }),
);

byId('leave').addEventListener('click', () => {
  clearProblems(byId('leave-form'));
  byId('leave-form').reset();
  // For password managers: whose password it is.
  byId('leave-email').value = user.email;
  byId('leave-dialog').showModal();
});

onSubmit(byId('leave-form'), async ({ password }) => {
  // First a call that may refresh: the one after it answers 401 for a wrong password too, which must not be tried twice.
  await call('GET', '/auth/me');
  await send('DELETE', '/auth/account', { password });
  showEntrance('sign-up', 'Your account and your tasks are deleted.');
});

for (const button of document.querySelectorAll('[data-close]')) {
  button.addEventListener('click', () => button.closest('dialog').close());
}

try {
  const answer = await call('GET', '/auth/me');
  await showTasks(answer.user);
} catch (problem) {
  if (byId('entrance').hidden) say(wordsFor(problem));
}
