import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { templateFiles } from './template.ts';

/**
 * Lints every template with AWS's own tools, where they are installed, and says so where they are not. The tests check what
 * is particular to this project; these check CloudFormation itself.
 */
const root = join(import.meta.dirname, '..');
const templates = templateFiles(root);

const checks = [
  { tool: 'cfn-lint', args: templates, howToGet: 'pip install cfn-lint' },
  ...templates.map((template) => ({
    tool: 'sam',
    args: ['validate', '--lint', '--template', template],
    howToGet: 'https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/install-sam-cli.html',
  })),
];

for (const { tool, args, howToGet } of checks) {
  const { error, status } = spawnSync(tool, args, { cwd: root, stdio: 'inherit' });
  if (error === undefined) {
    console.log(`${tool} ${args.join(' ')}: ${status === 0 ? 'well' : `failed with ${String(status)}`}`);
    if (status !== 0) process.exitCode = 1;
  } else {
    console.log(`${tool} ${args.join(' ')}: not run, ${tool} is not installed (${howToGet})`);
  }
}
